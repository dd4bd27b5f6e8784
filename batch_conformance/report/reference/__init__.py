"""Pages of reference: the rules, and what is known of the vendors."""
