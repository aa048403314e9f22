"""Forgetting a person: excluded at once, removed from every place at the next run."""
