"""What is too long or too special for the tests, each with a command line."""
