"""The single view: what an associate needs to know of one member."""
