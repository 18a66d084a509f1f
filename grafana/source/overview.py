"""The first row: are scans on the screen, and is anything on fire?"""

from panels import figure, graph, rates, thresholds
from queries import increase, of, quantiles, rate

FAILED = 'result="failed"'
# Prometheus 3 spells the bucket anew.
IN_TIME = 'le=~"1|1[.]0"'


def overview():
    scans = " + ".join(
        [
            increase("scan_to_screen_seconds_count"),
            increase("callbacks_total", FAILED),
            increase("scans_total", FAILED),
        ]
    )
    good = f"{increase('scan_to_screen_seconds_bucket', IN_TIME)} / ({scans})"
    away = rate("push_failures_total", matchers='reason="unavailable"')
    silent = rate("pushes_total", matchers='result="unknown"')
    return [
        figure(
            "Scans on the screen within 1 s",
            """The SLO, over the time shown: of all scans, those whose event was on the page's socket within a second of WeChat's
            callback. A callback or an action that failed counts as a bad scan, each attempt of it. 99 % is promised. Below it,
            see which stage is slow (Delivery) and whether Redis answers (Redis).""",
            {"": good},
            "percentunit",
            width=4,
            colors=thresholds(("red", None), ("orange", 0.99), ("green", 0.995)),
            decimals=2,
        ),
        figure(
            "Error budget left",
            """How much is left of the 1 % of scans that may fail or come late, over the time shown. Choose 30 days for the SLO's
            own. Below zero the promise is broken: put back what changed last, and let no new risk in.""",
            {"": f"1 - (1 - {good}) / 0.01"},
            "percentunit",
            width=4,
            colors=thresholds(("red", None), ("orange", 0), ("green", 0.25)),
            decimals=0,
        ),
        figure(
            "Scan to screen",
            """From WeChat's callback, at any node, to the event on the page's socket, over the time shown. A few milliseconds are
            normal; beyond a second a scan counts as bad.""",
            quantiles("scan_to_screen_seconds", 0.5, 0.99, window="$__range"),
            "s",
            width=4,
            colors=thresholds(("green", None), ("orange", 0.5), ("red", 1)),
        ),
        figure(
            "Connections",
            "Websockets open now, on all nodes chosen.",
            {"": f"sum ({of('connections')})"},
            "short",
            moment=False,
        ),
        figure(
            "Pushes",
            "Events published through every door: by backends, the server API, scans, and answers to hooks.",
            {"": rate("pushes_total")},
            "suffix:/s",
            decimals=1,
            moment=False,
        ),
        figure(
            "Pushes failing",
            """Share of the pushes that failed because the broker was away (fail) or silent (unknown). Zero is normal. What
            publishers do wrong is not in it; see Failures, by reason.""",
            {"": f"({away} + {silent}) / {rate('pushes_total')}"},
            "percentunit",
            colors=thresholds(("green", None), ("orange", 0.001), ("red", 0.05)),
            decimals=2,
            moment=False,
        ),
        figure(
            "Alerts",
            """Alerts of scangate that fire now; docs/RUNBOOKS.md has a section for each. Always zero where Prometheus has not
            loaded grafana/rules/scangate.yaml.""",
            {"": 'count (ALERTS{alertname=~"Scangate.*",alertstate="firing"}) or vector(0)'},
            "none",
            colors=thresholds(("green", None), ("red", 1)),
            background=True,
        ),
        graph(
            "Scan to screen, over time",
            """The same as it went. p50 moves with the round trips to Redis. A p99 that jumps alone points at single nodes or slow
            pages; all three together point at Redis.""",
            quantiles("scan_to_screen_seconds", 0.5, 0.9, 0.99),
            "s",
            line=1,
        ),
        rates(
            "Scans, by result",
            """accepted is the normal one; repeated is the same person once more. Many expired: people scan late, or clocks differ.
            mismatch and unknown: codes of another installation, or somebody who tries. failed: the action failed; see the log.""",
            {"{{result}}": rate("scans_total", by="result")},
            stack=True,
        ),
        graph(
            "Nodes, by state",
            "As /readyz says. degraded: the node has no Redis, its pages stay. draining should be over in half a minute.",
            {"{{state}}": f"sum by (state) ({of('node_state')})"},
            "none",
            stack=True,
            decimals=0,
        ),
    ]
