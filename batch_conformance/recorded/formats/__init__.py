"""The formats in which traffic is recorded: a module each, all read as exchanges of one shape."""
