"""The lowest layer: ids, table contracts, settings, paths, time and the error tree."""
