"""Uploaded lists of members and products: what was given, what of it is known, and whom it names now."""
