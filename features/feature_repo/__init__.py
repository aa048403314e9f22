"""What Feast knows about: entities, views and services, derived from the feature groups."""
