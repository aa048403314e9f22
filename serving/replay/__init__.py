"""A day of the loaded data, told again as events."""
