"""Tools for testing code that books."""
