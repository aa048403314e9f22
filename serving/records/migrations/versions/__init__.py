"""Every change ever made to the tables, one file per change."""
