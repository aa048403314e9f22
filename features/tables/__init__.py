"""Reading, validating, resolving identities and storing the tables."""
