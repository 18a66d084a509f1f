"""Events: from the publisher to the page."""

from panels import graph, heatmap, rates
from queries import of, quantile, quantiles, rate


def pushes():
    return [
        rates(
            "Pushes, by door",
            "push: the push port. api: the server API. scan: the gateway's own events. hook: answers of the site's backend.",
            {"{{door}}": rate("pushes_total", by="door")},
            stack=True,
        ),
        rates(
            "Pushes, by result",
            """ok: on its way to a page. queued: kept until a page comes. fail: refused for certain. unknown: the broker fell
            silent, and the publisher says it again.""",
            {"{{result}}": rate("pushes_total", by="result")},
            stack=True,
        ),
        rates(
            "Failures, by reason",
            """uid_unknown: sessions that are over, normal in small numbers. unavailable: the broker is away. unauthorised: a
            publisher without the secret. The others are faults of the publisher.""",
            {"{{reason}}": rate("push_failures_total", by="reason")},
            table=True,
        ),
        graph(
            "Time to the verdict",
            """From a line read to its answer, delivery to this node's sockets included. With Redis about one round trip to it;
            every line is answered within 2 s.""",
            quantiles("push_duration_seconds", 0.5, 0.99),
            "s",
            line=1,
        ),
        graph(
            "Publishers connected",
            "Connections to the push port. Each node takes push.connections (1024).",
            {"{{instance}}": of("push_connections")},
            "short",
        ),
        rates(
            "Events retained",
            "Events that the broker keeps for pages that come back: as many as pushes that are ok or queued.",
            {"retained": rate("events_retained_total")},
        ),
        rates(
            "Broadcasts left out",
            """Broadcasts to all that a node left out, because too many waited there. Zero is normal; otherwise send fewer, or to a
            list or a group.""",
            {"{{instance}}": rate("broadcasts_dropped_total", by="instance")},
        ),
    ]


def delivery():
    stage = "delivery_stage_duration_seconds"
    return [
        graph(
            "Each stage, p50",
            """broker: from the door to the broker's yes. node: from there to a node that holds the uid, by the broker's clock of
            milliseconds. socket: from there to the page's socket. With Redis a millisecond each is normal.""",
            {"{{stage}}": quantile(0.5, stage, "stage")},
            "s",
        ),
        graph(
            "Each stage, p99",
            """broker grows when Redis is busy, node when its subscriptions lag or Redis's clock jumps, socket when the node has too
            little CPU.""",
            {"{{stage}}": quantile(0.99, stage, "stage")},
            "s",
            line=1,
        ),
        heatmap(
            "Scan to screen, all scans",
            "Each scan by how long it took. A second, higher band is a node, a network or a store that is slow for some of them.",
            "scan_to_screen_seconds",
            8,
        ),
        rates(
            "Events, delivered and replayed",
            """delivered: to a socket or its queue. replayed: sent again to pages that came back with since; a burst follows every
            restart and reconnect.""",
            {
                "delivered": rate("events_delivered_total"),
                "replayed": rate("events_replayed_total"),
            },
        ),
        rates(
            "Gaps",
            """Times that pages were told that what they missed is gone: more than session.events (128) came while they were away,
            or Redis lost them. Zero is normal.""",
            {"gaps": rate("gaps_total")},
        ),
        rates(
            "Moments of timelines",
            """What scangate explain shows of a session. sampled_out is normal under load. dropped: the broker takes them too
            slowly.""",
            {"{{result}}": rate("timeline_moments_total", by="result")},
            stack=True,
        ),
        rates(
            "Spans of traces",
            """Nothing without trace.otlp_url. refused: the collector does not want them. dropped: it is away or too slow.""",
            {"{{result}}": rate("trace_spans_total", by="result")},
            stack=True,
        ),
    ]
