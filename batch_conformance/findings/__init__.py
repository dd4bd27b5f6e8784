"""Rules, findings and the ledger: what can be broken, what was, and what a run adds up to."""
