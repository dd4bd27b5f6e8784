"""The GitHub Action: its inputs as options of a run, its outputs, and its comment on a pull request."""
