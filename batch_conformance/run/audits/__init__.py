"""The ``audit`` command: many targets side by side, each audited in a process of its own."""
