"""A run: settings, the execution of a plan, and what it comes to."""
