"""High-potential audiences: the rule that describes one, the build that answers it, and the job that runs it."""
