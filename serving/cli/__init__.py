"""The `faces` command: one file per command, each thin enough to read at a glance."""
