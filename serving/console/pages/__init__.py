"""The pages, one module each; templates/ holds what they look like."""
