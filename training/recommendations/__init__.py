"""Trains what recommendations are made with: the sources and the ranker, reported on later weeks."""
