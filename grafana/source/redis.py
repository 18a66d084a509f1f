"""What joins the nodes."""

from panels import graph, rates
from queries import of, quantile, rate


def redis():
    return [
        graph(
            "Connected",
            """1 while a node has the connection. Both at 0 on all nodes: Redis is away. Always 0 with the embedded broker.""",
            {"{{instance}} {{connection}}": of("redis_connected")},
            "none",
            most=1,
            decimals=0,
        ),
        graph(
            "Canary age",
            """Each second a node says something to itself through Redis, and should hear it. Over 2 s is a miss; after two the
            subscriptions are made anew. 0 with the embedded broker.""",
            {"{{instance}}": of("redis_canary_age_seconds")},
            "s",
            line=10,
        ),
        rates(
            "Commands, by result",
            """ok is normal. refused: Redis answered with an error. silent: no answer within a second. unavailable: no
            connection.""",
            {"{{result}}": rate("redis_commands_total", by="result")},
            stack=True,
        ),
        rates(
            "Commands, by command",
            "Each script by its name: publish are pushes, hold and release pages that come and go; audit and sing never rest.",
            {"{{command}}": rate("redis_commands_total", by="command")},
            width=12,
            table=True,
        ),
        graph(
            "Time of commands, p99",
            """As a node sees it: network, queue and script. One core of Redis takes some 90,000 pushes a second; near that
            everything here rises.""",
            {"{{command}}": quantile(0.99, "redis_command_duration_seconds", "command")},
            "s",
            width=12,
            table=True,
        ),
        rates(
            "Resyncs and lags",
            """Zero is normal. After a resync pages read on from their cursors: nothing is lost, but it costs. lag: messages came
            faster than the node took them; it has too little CPU.""",
            {
                "{{reason}}": rate("redis_resyncs_total", by="reason"),
                "messages lost to a lag": rate("redis_subscription_lags_total"),
            },
            width=12,
        ),
        graph(
            "Jobs waiting",
            """What is still to be done, as a node saw it last. What grows and does not fall again is stuck: WeChat or the site's
            backend does not take it.""",
            {"{{queue}}": f"max by (queue) ({of('jobs_waiting')})"},
            "short",
            width=12,
        ),
    ]
