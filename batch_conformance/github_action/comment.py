"""The comment on a pull request: made once, and brought up to date in place by every later run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

LONGEST = 60_000
"""Characters of a comment; GitHub takes 65,536."""

PAGES = 30
"""Pages of a hundred comments that are looked through for the one of before."""

_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Where the comment goes: the address of GitHub's API, ``owner/name``, and the number of the pull request."""

    api: str
    repository: str
    number: int

    @property
    def comments(self) -> str:
        """The address of its comments."""
        return f"{self.api}/repos/{self.repository}/issues/{self.number}/comments"

    def comment(self, identifier: int) -> str:
        """The address of one comment."""
        return f"{self.api}/repos/{self.repository}/issues/comments/{identifier}"


def pull_request(environ: Mapping[str, str]) -> PullRequest | None:
    """The pull request that the workflow runs for, from the event that GitHub describes; None for another event."""
    try:
        event = json.loads(Path(environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
        number = event["pull_request"]["number"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    repository = environ.get("GITHUB_REPOSITORY", "")
    api = environ.get("GITHUB_API_URL", "https://api.github.com")
    return PullRequest(api.rstrip("/"), repository, number) if repository and isinstance(number, int) else None


def marker(environ: Mapping[str, str], base_url: str) -> str:
    """The line by which the comment of the same job about the same target is found again; nobody sees it."""
    parts = (environ.get("GITHUB_WORKFLOW", ""), environ.get("GITHUB_JOB", ""), base_url)
    return f"<!-- batch-conformance {hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]} -->"


def body(mark: str, summary: str, run_url: str) -> str:
    """The text of the comment: ``summary`` is ``summary.md``, cut at the end of a line where it is too long."""
    whole = summary.rstrip("\n")
    cut = whole if len(whole) <= LONGEST else whole[:LONGEST].rpartition("\n")[0] + "\n\n… cut here"
    return f"{mark}\n{cut}\n\n[The run]({run_url}) has the whole report.\n"


def has_news(drift: Mapping[str, Any]) -> bool:
    """Whether a run says what a pull request has not been told: a verdict other than ``conforms``, or a change."""
    changed = any(
        finding["state"] in ("new", "expired") and finding["level"] != "info" for finding in drift["findings"]
    )
    return changed or drift["verdict"] == "inconclusive" or bool((drift.get("history") or {}).get("gone"))


def put(where: PullRequest, token: str, mark: str, text: str, *, news: bool) -> str:
    """Write the comment: over the one of before, else a first one where there are ``news``. What was done, in words.

    Raises ``requests.RequestException`` where GitHub cannot be reached or refuses it.
    """
    with requests.Session() as session:
        session.headers.update(
            {
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            }
        )
        former = _former(session, where, mark)
        if former is not None:
            _checked(session.patch(where.comment(former), json={"body": text}, timeout=_TIMEOUT))
            return "the comment on the pull request was brought up to date"
        if not news:
            return "no comment on the pull request: there is nothing new"
        _checked(session.post(where.comments, json={"body": text}, timeout=_TIMEOUT))
        return "a comment was written on the pull request"


def _former(session: requests.Session, where: PullRequest, mark: str) -> int | None:
    """The comment that has the mark, if there is one."""
    for page in range(1, PAGES + 1):
        found = _checked(session.get(where.comments, params={"per_page": 100, "page": page}, timeout=_TIMEOUT)).json()
        for comment in found:
            if str(comment.get("body") or "").startswith(mark):
                return int(comment["id"])
        if len(found) < 100:
            return None
    return None


def _checked(response: requests.Response) -> requests.Response:
    response.raise_for_status()
    return response
