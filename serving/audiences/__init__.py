"""High-potential audiences: the rule that describes one, and the build that answers it."""
