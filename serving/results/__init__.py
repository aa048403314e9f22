"""Results: what the members of an audience did, told and held out, once the horizon has passed."""
