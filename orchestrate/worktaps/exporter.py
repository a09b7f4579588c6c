"""How each job is doing, for Prometheus."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from worktaps.status import DAY, health

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from worktaps.project import Project
    from worktaps.status import Health


class Exporter:
    """Collects the metrics of a project each time that somebody asks.

    Args:
        project: Of the jobs.
        now: Tells the time, aware.
    """

    def __init__(
        self, project: Project, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._project = project
        self._now = now

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """Make the metrics; counts and sums are those of the last 24 hours."""
        names = {
            "last_success_timestamp_seconds": "When a run last succeeded",
            "last_run_timestamp_seconds": "When the last run ended",
            "last_run_duration_seconds": "How long the last run took",
            "last_run_ok": "Whether the last run succeeded",
            "failures_in_a_row": "Runs that failed since the last one that succeeded",
            "running": "Whether a run is under way",
            "expected_end_timestamp_seconds": "When the run under way should end",
            "stale": "Whether data is too old, although runs may be green",
            "dead_letters": "Records that the target could not write, and keeps",
            "requests": "Requests sent within 24 hours",
            "waited_seconds": "Time spent waiting on rate limits within 24 hours",
            "response_seconds": "Time that the source took to answer within 24 hours, all requests",
        }
        plain = {
            name: GaugeMetricFamily(f"worktaps_{name}", text, labels=("job", "environment"))
            for name, text in names.items()
        }
        by_label = {
            "runs": GaugeMetricFamily(
                "worktaps_runs", "Runs within 24 hours", labels=("job", "environment", "result")
            ),
            **{
                name: GaugeMetricFamily(
                    f"worktaps_{name}", text, labels=("job", "environment", "stream")
                )
                for name, text in (
                    ("records", "Records read within 24 hours"),
                    ("tombstones", "Deleted records found within 24 hours"),
                    ("write_seconds", "Time that the target took to write within 24 hours"),
                )
            },
        }
        for look in health(self._project, self._now()):
            labels = [look.job.name, look.environment]
            for name, value in _figures(look).items():
                plain[name].add_metric(labels, value)
            for name, values in _by_label(look).items():
                for label, value in sorted(values.items()):
                    by_label[name].add_metric([*labels, label], value)
        yield from (*plain.values(), *by_label.values())


def _figures(look: Health) -> dict[str, float]:
    recent = [run.result for run in look.since(DAY)]
    figures = {
        "failures_in_a_row": float(look.failures),
        "running": float(look.active is not None),
        "stale": float(look.stale_since is not None),
        "dead_letters": float(look.last.result.get("dead_letters", 0)) if look.last else 0.0,
        **{
            name: sum(float(result.get(name, 0)) for result in recent)
            for name in ("requests", "waited_seconds", "response_seconds")
        },
    }
    if look.last_success:
        figures["last_success_timestamp_seconds"] = look.last_success.timestamp()
    if look.expected_end:
        figures["expected_end_timestamp_seconds"] = look.expected_end.timestamp()
    last = look.last
    if last and last.ended_at:
        figures["last_run_timestamp_seconds"] = last.ended_at.timestamp()
        figures["last_run_duration_seconds"] = (last.ended_at - last.started_at).total_seconds()
        figures["last_run_ok"] = float(last.ok)
    return figures


def _by_label(look: Health) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {
        "runs": Counter(success=0, failure=0),
        "records": Counter(),
        "tombstones": Counter(),
        "write_seconds": Counter(),
    }
    for run in look.since(DAY):
        found["runs"]["success" if run.ok else "failure"] += 1
        for name, field in (("records", "rows"), ("tombstones",) * 2, ("write_seconds",) * 2):
            found[name].update(run.result.get(field, {}))
    return found
