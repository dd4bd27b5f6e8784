"""The matrix of many audits: its model, its files, and its formats."""
