"""Messages: what failed, recovered, became stale, was not deleted, or ends soon.

Each problem is told once, and its end once. What comes at the same time for the same people is one
message. Whoever calls this keeps what it returned, as a JSON text, until the next time.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import apprise

from worktaps.history import remember_told, told
from worktaps.run import database_uri
from worktaps.status import health, problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from worktaps.project import Project
    from worktaps.status import Health, Problem

logging.getLogger("apprise").addFilter(lambda _: False)  # it would write addresses and tokens
_TITLES: Final = {
    "failure": "Failed",
    "staleness": "Stale data",
    "deletions": "Mass deletion refused",
    "dead_letters": "Records not written",
    "expiry": "Credential ends soon",
    "recovery": "Recovered",
    "success": "Succeeded",
}


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell.

    Attributes:
        kind: A key of the titles.
        key: Of the problem that it is about; empty if it is about none.
        text: What to say.
        options: Annotations that say whom to tell, and of what.
    """

    kind: str
    key: str
    text: str
    options: Mapping[str, Any]

    @property
    def urls(self) -> tuple[str, ...]:
        """Addresses for Apprise; none if nobody wants to know this."""
        if self.kind not in self.options["notify_on"]:
            return ()
        texts = [os.path.expandvars(str(text)) for text in self.options["notify"]]
        return tuple(text for text in texts if text and not text.startswith("$"))


def look_and_tell(
    project: Project, now: datetime, before: str | None, *, warn: Callable[[str], object]
) -> str:
    """Look at all jobs, and send messages about what has changed.

    Args:
        project: Of the jobs.
        now: Aware.
        before: What this returned the last time; ``None`` the first time.
        warn: Gets a line if a message could not be sent; it is tried again the next time.

    Returns:
        What is known by now.
    """
    known_before: dict[str, Any] = json.loads(before or "{}")
    opened_before = known_before.get("open", [])
    looks = health(project, now)
    current = {problem.key: problem for problem in problems(project, looks)}
    failing = {f"failure:{look.name}" for look in looks if look.failures}
    known = [key for key in opened_before if key in current or key in failing]
    recovered = [key for key in opened_before if key not in known]
    news = [
        *(_news(problem) for key, problem in current.items() if key not in known),
        *_recoveries(recovered, looks),
        *_successes(looks, datetime.fromisoformat(known_before.get("at") or now.isoformat())),
    ]
    lost = {one.key for one in _send(news, warn)}
    opened = [key for key in current if key not in known and key not in lost]
    again = [key for key in recovered if key in lost]
    return json.dumps({"open": [*known, *opened, *again], "at": now.isoformat()})


def look_tell_and_remember(project: Project, now: datetime, warn: Callable[[str], object]) -> None:
    """Do so where no engine keeps what is known: Meltano's database does."""
    uri = database_uri(project)
    remember_told(uri, look_and_tell(project, now, told(uri), warn=warn))


def _news(problem: Problem) -> News:
    return News(problem.kind, problem.key, problem.text, problem.options)


def _recoveries(keys: Sequence[str], looks: Sequence[Health]) -> Iterator[News]:
    for look in looks:
        for key in keys:
            kind, _, about = key.partition(":")
            if about == look.name:
                text = f"{look.title}: no longer {_TITLES[kind].lower()}"
                yield News("recovery", key, text, look.job.options)


def _successes(looks: Sequence[Health], since: datetime) -> Iterator[News]:
    for look in looks:
        for run in look.ended:
            if run.ok and run.ended_at and since < run.ended_at <= look.now:
                count = sum(run.result.get("rows", {}).values())
                yield News("success", "", f"{look.title}: {count} records", look.job.options)


def _send(news: Sequence[News], warn: Callable[[str], object]) -> list[News]:
    """Send one message per set of addresses; return what could not be sent."""
    lost: list[News] = []
    for urls in dict.fromkeys(one.urls for one in news if one.urls):
        own = [one for one in news if one.urls == urls]
        post = apprise.Apprise()
        unknown = sum(not post.add(url) for url in urls)
        if unknown:
            warn(f"notify: {unknown} of {len(urls)} addresses are none that Apprise knows")
        kinds = list(dict.fromkeys(one.kind for one in own))
        counts = [f"{_TITLES[kind]} ({sum(one.kind == kind for one in own)})" for kind in kinds]
        body = "\n".join(one.text for kind in kinds for one in own if one.kind == kind)
        if len(post) and not post.notify(body=body, title=f"Worktaps: {', '.join(counts)}"):
            warn("notify: a message could not be delivered; it is tried again")
            lost += own
    return lost
