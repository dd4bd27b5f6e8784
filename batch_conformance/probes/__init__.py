"""Probes: what is asked of a server, in which order, as pure values. Nothing here opens a socket."""
