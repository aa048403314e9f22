"""Adapters that bring a data set into the shape of the table contracts."""
