"""Product affinity: which products a member likes."""
