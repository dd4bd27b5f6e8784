"""Recorded traffic: what others sent, read from files, picked, and judged as a run is, without holding it all."""
