"""What a site of 1,000, 100,000 and 10 million people needs, from measured costs: a simulation on paper.

    .venv/bin/python -m tests.benchmarks.scaling

It takes the figures of the last complete `./run bench`, shows how well they explain themselves
(`costs.py`), and multiplies (`needs.py`). No clock, no randomness: the same figures give the same answer.
"""

from dataclasses import dataclass

from tests.benchmarks.costs import Costs, Measured, calibrate, measured
from tests.benchmarks.needs import BUSY, Needs, needs
from tests.benchmarks.report import number

SIZES = (1_000, 100_000, 10_000_000)


@dataclass(frozen=True)
class Limit:
    """What one of something carries; past it, what takes over."""

    what: str
    needed: float
    carries: float
    then: str

    @property
    def ratio(self) -> float:
        return self.needed / self.carries


def limits(site: Needs) -> list[Limit]:
    """Of one of each, as it is shipped; what is asked too much of comes first."""
    primary = site.postgres_cores + site.page_cores
    found = [
        Limit("HAProxy's list of web processes", site.processes, 16, "a longer `server-template`, then more HAProxies"),
        Limit("HAProxy, cores", site.haproxy_cores, 8 * BUSY, "several HAProxies, by DNS"),
        Limit("HAProxy, connections", site.online, 100_000, "several HAProxies, by DNS"),
        Limit("PostgreSQL's connections", site.postgres_connections, 300, "PgBouncer, or a larger `max_connections`"),
        Limit("PostgreSQL, cores", primary, 32 * BUSY, "replicas for pages (`DATABASE_REPLICA_URL`)"),
        Limit("PostgreSQL without the pages, cores", site.postgres_cores, 32 * BUSY, "a larger machine"),
        Limit("messages of a year, GiB", site.stored_gib, 1_000, "`prune_messages`, partitions by room (not built)"),
        Limit("Redis, its one core", site.redis_cores, BUSY, "several in `REDIS_URL`, by room"),
        Limit("presence, share of each process", site.presence_share, 0.25, "presence by room (not built)"),
        Limit("presence, MB/s out of one Redis", site.presence_bytes / 1e6, 500, "presence by room (not built)"),
        Limit("network, Gbit/s", site.network_gbit, 10 * BUSY, "several HAProxies, by DNS"),
    ]
    return sorted(found, key=lambda limit: -limit.ratio)


ROWS = (
    ("people connected", "online"),
    ("messages a second", "messages"),
    ("deliveries a second", "deliveries"),
    ("web processes", "processes"),
    ("their cores, on average", "cores"),
    ("their memory, GiB", "memory_gib"),
    ("Redis, cores", "redis_cores"),
    ("PostgreSQL, cores (writes, looking)", "postgres_cores"),
    ("PostgreSQL, cores (pages)", "page_cores"),
    ("PostgreSQL, connections", "postgres_connections"),
    ("HAProxy, cores", "haproxy_cores"),
    ("network, Gbit/s", "network_gbit"),
    ("messages of a year, GiB", "stored_gib"),
    ("presence, share of each process's core", "presence_share"),
)


def main() -> None:
    found = measured()
    costs = calibrate(found)
    print("\n".join([*explain(found, costs), "", *table(found, costs)]))  # noqa: T201


def explain(found: Measured, costs: Costs) -> list[str]:
    """The measured points beside what the model says of them."""
    lines = [
        f"Measured: {found.source}",
        f"{'bar  step':<40} {'messages/s':>10} {'cores':>7} {'model':>7} {'error':>6}",
    ]
    for point in sorted(found.points, key=lambda point: (point.bar == 3, point.bar)):
        model = costs.of(point)
        what = f"{point.bar}    {point.what}" + (" (predicted)" if point.bar == 3 else "")
        error = f"{model / point.cores - 1:+.0%}"
        lines.append(f"{what:<40} {point.rate:>10,.0f} {point.cores:>7.3f} {model:>7.3f} {error:>6}")
    return [
        *lines,
        f"A process {costs.base * 1e3:.0f} ms a second; a batch {costs.begins * 1e6:.0f} µs, a message"
        f" {costs.message * 1e6:.0f} µs, a write {costs.write * 1e6:.1f} µs, an idle connection"
        f" {costs.idle * 1e6:.0f} µs a second; sends gather for {costs.gather * 1e3:.0f} ms.",
    ]


def table(found: Measured, costs: Costs) -> list[str]:
    sites = [needs(people, found, costs) for people in SIZES]
    lines = [f"{'people':<40}" + "".join(f"{site.people:>14,}" for site in sites)]
    lines += [f"{words:<40}" + "".join(f"{number(getattr(site, name)):>14}" for site in sites) for words, name in ROWS]
    for site in sites:
        lines += ["", f"{site.people:,} people: what breaks first, as shipped (needed, carried by one)"]
        over = [limit for limit in limits(site) if limit.ratio > 1] or limits(site)[:1]
        lines += [
            f"  {one.ratio:>6.2f} ×  {one.what}: {number(one.needed)} of {number(one.carries)}. Then: {one.then}"
            for one in over
        ]
    return lines


if __name__ == "__main__":
    main()
