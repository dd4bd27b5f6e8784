"""The embedded target: a conforming server of ``GET /batches/{batch_id}``, and the ways in which it can drift."""
