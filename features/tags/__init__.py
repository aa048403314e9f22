"""Tags: names for kinds of members, declared in the settings and computed from features."""
