"""Alembic migrations of the operational records."""
