"""One file per feature group: what it says and how it is computed, side by side."""
