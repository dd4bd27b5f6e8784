"""The judge: pure functions from exchanges and a contract to deviations."""
