"""What rules look at: an exchange laid beside the contract, its body read strictly and under its schema."""
