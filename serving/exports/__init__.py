"""Exports: who of an audience may be told through a channel, in which format, for which receiver."""
