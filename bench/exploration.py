"""Explores a target once and prints how many seconds sending and judging took: ``BATCH_API_KEY=… exploration.py URL``.

Start-up and planning are left aside, and so are the pauses between polls where ``--restless`` is given. One process
does it once: what it would remember of a first time would spare the second one work.
"""

from __future__ import annotations

import argparse
import os
import time

from batch_conformance.run.live.begin import begin
from batch_conformance.run.live.pauses import Pauses
from batch_conformance.run.settings import settle


def main() -> None:
    """Explore and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base_url")
    parser.add_argument("--restless", action="store_true")
    asked = parser.parse_args()
    settings = settle(os.environ, base_url=asked.base_url, batch_ids=tuple(os.environ["BATCH_IDS"].split(",")))
    pauses = Pauses()  # in which a run judges what it has received
    sleep = (lambda _: None) if asked.restless else pauses.sleep
    audit = begin(settings, seed=None, command="exploration", sleep=sleep)
    pauses.meanwhile = audit.runner.judge_until
    begun = time.perf_counter()
    audit.runner.send()
    audit.judged()
    print(time.perf_counter() - begun)
    audit.close()


if __name__ == "__main__":
    main()
