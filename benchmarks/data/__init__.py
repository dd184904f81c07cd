"""How the shipped data files were made."""
