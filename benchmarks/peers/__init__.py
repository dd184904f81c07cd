"""RUNNER against what a user would pick instead, and against itself without neurons."""
