"""Forgetting a person: who is meant, and removing what files hold of them."""
