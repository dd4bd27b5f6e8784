"""What is said of one finding: its body, its commands, its history, and what would accept or describe it."""
