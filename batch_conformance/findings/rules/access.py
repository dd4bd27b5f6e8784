"""Rules about who gets which batch: authentication, identity, secrets."""

from __future__ import annotations

RULES = ()
