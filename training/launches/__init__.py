"""Launches: who will buy a product that has never been sold."""
