"""What to show a member: the engine of a release, its reasons, and the log of what was shown."""
