"""The table of docs/LOADTEST.md: the newest result of each scenario, by the number of nodes."""

import json

from .results import FOLDER
from .scenarios import ALL

NODES = [1, 2, 3]

# Scenario, what the row says, where the figure is in the result, its unit.
PUSH = ["metrics", "push port"]
K6 = ["metrics", "k6"]


def trend(source, name, key):
    return [*source, name, "values", key]


ROWS = [
    ("hold", "pages that wait", ["sizes", "pages"], ""),
    ("hold", "push to page, 50/s: median", trend(K6, "push_to_page", "med"), "ms"),
    ("hold", "push to page, 50/s: 99 of 100", trend(K6, "push_to_page", "p(99)"), "ms"),
    ("scan", "scans", trend(K6, "visits", "rate"), "/s"),
    ("scan", "scan to screen: median", trend(K6, "scan_to_screen", "med"), "ms"),
    ("scan", "scan to screen: 95 of 100", trend(K6, "scan_to_screen", "p(95)"), "ms"),
    ("scan", "scan to screen: 99 of 100", trend(K6, "scan_to_screen", "p(99)"), "ms"),
    ("churn", "pages that come, bind and leave", trend(K6, "visits", "rate"), "/s"),
    ("churn", "bind: 99 of 100", trend(K6, "page_bind", "p(99)"), "ms"),
    ("push", "pushes through the server API, as many as are answered", trend(K6, "events_accepted", "rate"), "/s"),
    ("push", "to the page: median, with 100 under way", trend(K6, "push_to_page", "med"), "ms"),
    ("push", "lines over the push port, as many as are answered", trend(PUSH, "lines_ok", "rate"), "/s"),
    ("push", "to the page: median, with 256 under way", trend(PUSH, "line_to_page", "med"), "ms"),
    ("slow", "pages that do not read, sent away", trend(PUSH, "sleepers_sent_away", "count"), ""),
    ("slow", "the others, push to page: 99 of 100", trend(K6, "push_to_page", "p(99)"), "ms"),
    ("storm", "pages cut in one moment", trend(K6, "page_cuts", "count"), ""),
    ("storm", "the balancer is back after", ["disturbance", "balancer_back"], "ms"),
    ("storm", "a page is bound again after: median", trend(K6, "page_return", "med"), "ms"),
    ("storm", "after: the last one", trend(K6, "page_return", "max"), "ms"),
    ("rolling", "pages sent to another node", trend(K6, "page_cuts", "count"), ""),
    ("rolling", "a page is bound again after: median", trend(K6, "page_return", "med"), "ms"),
    ("rolling", "after: the last one", trend(K6, "page_return", "max"), "ms"),
    ("failover", "Redis starts again after", ["disturbance", "redis_back"], "ms"),
    ("failover", "every node is ready again after", ["disturbance", "nodes_ready"], "ms"),
    ("failover", "a push is accepted after, at most", trend(K6, "push_outage", "max"), "ms"),
]

# What no scenario may have.
NEVER = ["events_lost", "events_repeated", "events_unaccepted"]


def newest():
    """The newest result of each scenario and number of nodes; only of the usual sizes, for the rows name them."""
    found = {}
    for file in sorted(FOLDER.glob("*.json"), key=lambda file: file.stem.rpartition("-")[2]):
        result = json.loads(file.read_text())
        if result["sizes"] == vars(ALL[result["scenario"]].usual):
            found[result["scenario"], result["nodes"]] = result
    return found


def markdown(found):
    """The machine, the table, and what was lost."""
    lines = ["| scenario | what | 1 node | 2 nodes | 3 nodes |", "|---|---|--:|--:|--:|"]
    last = None
    for scenario, what, path, unit in ROWS:
        cells = [cell(found.get((scenario, nodes)), path, unit) for nodes in NODES]
        lines.append(f"| {scenario if scenario != last else ''} | {what} | {' | '.join(cells)} |")
        last = scenario
    return "\n".join([facts(found), "", *lines, "", losses(found)])


def cell(result, path, unit):
    for step in path:
        result = result.get(step) if result else None
    if result is None:
        return "–"
    return f"{figure(result)}{unit}" if unit == "/s" else f"{figure(result)} {unit}".rstrip()


def figure(number):
    """Three digits, and commas."""
    if number == 0 or number >= 100 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def facts(found):
    result = max(found.values(), key=lambda one: one["nodes"])
    machine, versions = result["machine"], result["versions"]
    words = {name: (text or "unknown") for name, text in versions.items()}
    return (
        f"{machine['cpus']} cores ({machine['cpu']}), {machine['memory_mb'] / 1024:.0f} GB, {machine['system']}; "
        f"{words['k6'].split(' (')[0]}, Redis {words['redis'].split('v=')[-1].split()[0]}, "
        f"{' '.join(words['haproxy'].split()[:3]).replace(' version', '')}; gateway {words['revision']}. "
        f"{len(found)} rounds, {sum(one['passed'] for one in found.values())} passed."
    )


def losses(found):
    """What was lost in all of it: counted from the results, not supposed."""
    def count(name):
        sources = [source for one in found.values() for source in one["metrics"].values()]
        return sum(source[name]["values"]["count"] for source in sources if name in source)

    heard = count("events_heard") + count("lines_ok")
    told = ", ".join(f"{count(name):,.0f} {name.removeprefix('events_')}" for name in NEVER)
    return f"Of {heard:,.0f} events of all rounds: {told}."
