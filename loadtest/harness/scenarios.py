"""What can be run: sizes, what k6 cannot do, and what is done to the cluster meanwhile."""

from dataclasses import dataclass


@dataclass
class Sizes:
    """How much of it."""

    pages: int
    vus: int
    rate: int
    seconds: int
    p95_ms: int = 1000


@dataclass
class Scenario:
    """One scenario: its script is scenarios/NAME.js."""

    name: str
    about: str
    usual: Sizes
    # Short, small, and generous: it is about correctness, also on a busy machine.
    smoke: Sizes
    # What is done to the cluster meanwhile: the name of a function of disturbances.py.
    disturbance: str | None = None
    # The push port's load, by scangate-load: after k6's, or beside it.
    push_port: str | None = None
    # What scangate-load adds to it.
    lines: dict | None = None


# Milliseconds that no wait needs unless something is wrong.
GENEROUS = 10_000
# Seconds of a load that ends when what is done meanwhile is over.
MOST = 180

ALL = {
    scenario.name: scenario
    for scenario in [
        Scenario(
            "hold", "pages wait, with a trickle of pushes",
            Sizes(1000, 20, 50, 15), Sizes(60, 6, 20, 4, GENEROUS),
        ),
        Scenario(
            "scan", "a code is asked for, bound, scanned and heard of",
            Sizes(0, 100, 100, 10), Sizes(0, 20, 10, 4, GENEROUS),
        ),
        Scenario(
            "push", "backends push, through the server API and over the push port",
            Sizes(100, 20, 0, 8), Sizes(20, 5, 50, 3, GENEROUS),
            push_port="after", lines={"connections": 4, "sleepers": 0},
        ),
        Scenario(
            "churn", "pages come, bind and leave",
            Sizes(0, 100, 300, 10), Sizes(0, 20, 20, 3, GENEROUS),
        ),
        Scenario(
            "slow", "some pages do not read what they are pushed; the others must not notice",
            Sizes(100, 20, 200, MOST), Sizes(20, 5, 40, MOST, GENEROUS),
            push_port="beside", lines={"connections": 2, "pages": 0, "sleepers": 10, "rate": 400},
        ),
        Scenario(
            "storm", "all pages are cut in one moment, and come back",
            Sizes(1000, 20, 100, MOST, 5000), Sizes(60, 6, 20, MOST, GENEROUS),
            disturbance="cut_all",
        ),
        Scenario(
            "rolling", "the nodes are told to go, one after the other, and start again",
            Sizes(200, 20, 100, MOST, 5000), Sizes(40, 5, 20, MOST, GENEROUS),
            disturbance="restart_nodes",
        ),
        Scenario(
            "failover", "Redis is killed, and comes back with what it had on disk",
            Sizes(200, 20, 100, MOST, GENEROUS), Sizes(40, 5, 20, MOST, GENEROUS),
            disturbance="kill_redis",
        ),
    ]
}
