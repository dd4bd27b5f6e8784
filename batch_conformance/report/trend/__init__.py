"""The trend: what many runs over time came to, a line a run, and the page that shows them."""
