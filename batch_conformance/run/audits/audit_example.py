"""A whole ``audit.yaml`` as ``audit --init`` writes it: an example with every option, commented."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from batch_conformance.options import Option, options_of
from batch_conformance.run.audits.audit_schema import IN_OPTIONS, PARALLEL, TIMEOUT

_WIDTH = 100
_VALUES = {
    "contract": "api.yaml",
    "operation": "GET /v1/batches/{batch_id}",
    "overlay": ["house-rules.yaml"],
    "exploration": "quick",
    "max-requests": 40,
    "rate-limit": "2/s",
    "ca-bundle": "company.pem",
    "redact": ["/metadata"],
    "create": "gpt-4o-mini",
    "client": "openai",
    "min-coverage": 80,
    "confirm": 60,
    "baseline": "baseline.yaml",
    "write-baseline": "baseline.yaml",
    "baseline-reason": "reported to the vendor, OPS-17",
    "shape": "shape.json",
    "write-shape": "shape.json",
    "previous": "former/drift.json",
}
"""What an option may be, where its default does not show it."""

_HEAD = f"""\
# The schema of this file, for editors: `batch-conformance schema audit`
#
# Targets that `batch-conformance audit` audits side by side. Each has its reports in reports/NAME, and
# reports/matrix.html shows all of them.

parallel: {PARALLEL}    # how many at once
timeout: {TIMEOUT:g}   # seconds after which an audit is stopped; its verdict is inconclusive then

targets:
  # A name, and where: a vendor that has a profile (`batch-conformance vendors` lists them), a base URL, or both.
  - name: groq
    vendor: groq
    key_env: GROQ_API_KEY             # the variable that holds the key; never the key itself
    batch_ids: [batch_01jh6x76wtemjr74t1fh0faj5t]   # ids that exist for the key: they lead to the 200s

  - name: staging
    base_url: https://staging.example.com/v1
    key_env: STAGING_API_KEY
    batch_ids: [batch_rdyqgrcgjg]
    timeout: 600
    options: {{request-timeout: 30}}    # of this target; they go before those for all

# Options of `batch-conformance run`, without dashes, for every target.
options:
  fail-on: should
"""


def example() -> str:
    """The text of the example. Options that are commented out are told with their default, or what they may be."""
    options = [option for option in options_of("run") if option.audit_file == IN_OPTIONS and option.name != "fail-on"]
    return _HEAD + "".join(line for option in options for line in _commented(option))


def _commented(option: Option) -> Iterator[str]:
    value = _VALUES.get(option.name, option.type == "flag" or option.default)
    meaning = option.help + (f": {', '.join(option.choices)}" if option.choices else "")
    yield "\n"
    yield from (f"  # {line}\n" for line in textwrap.wrap(meaning, _WIDTH, break_on_hyphens=False))
    yield f"  # {option.name}: {json.dumps(value, ensure_ascii=False)}\n"
