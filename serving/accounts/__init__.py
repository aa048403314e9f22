"""Accounts of the console: users and their roles, passwords, sign-ins, sessions and lock-out."""
