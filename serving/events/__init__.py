"""Events as they happen: taken, stored, and brought to the online store."""
