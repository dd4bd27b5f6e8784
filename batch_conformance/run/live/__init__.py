"""A live run: what it plans, sends, leaves out, and the report that comes of it."""
