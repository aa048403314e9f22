"""Feast: the connection, history for training, and the online rows that requests read."""
