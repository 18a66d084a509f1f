"""The platform, and the site's own backend."""

from panels import graph, rates
from queries import of, quantiles, rate


def wechat():
    expiry = of("wechat_token_expiry_timestamp_seconds")
    fetched = of("wechat_token_fetched_timestamp_seconds")
    return [
        rates(
            "Codes, by answer",
            """Requests for a code. limited: one address asks too often. origin: a page that is not in public.origins. wechat: the
            platform refuses or does not answer, and people see no code.""",
            {"{{result}}": rate("qrcodes_total", by="result")},
            table=True,
        ),
        rates(
            "Callbacks, by result",
            """What WeChat calls back. duplicate is its own second attempt, under_way one that came before the first was done.
            forbidden: a wrong token or key, or a stranger. failed: the broker was away; WeChat asks again.""",
            {"{{result}}": rate("callbacks_total", by="result")},
            table=True,
        ),
        rates(
            "Actions, by result",
            "What the codes stand for. refused is an answer (the account is taken, the limit is reached), failed a fault.",
            {"{{action}} {{result}}": rate("actions_total", by="action, result")},
            table=True,
        ),
        graph(
            "Time to the result",
            """From a scan's callback to the result on its way to the page: what the action takes, after the page has heard of the
            scan. Milliseconds are normal.""",
            quantiles("scan_duration_seconds", 0.5, 0.99),
            "s",
            line=1,
        ),
        rates(
            "Confirmations",
            """Scans that a person is asked to confirm, and what came of it. Many wrong_number or declined: somebody shows people
            codes that are not theirs.""",
            {"{{result}}": rate("confirmations_total", by="result")},
            stack=True,
        ),
        rates(
            "Calls, by endpoint and class of answer",
            """ok is normal. fix_settings: credentials, the IP allow-list or the template. stop_for_today: a quota is used up.
            timeout, unreachable: the network.""",
            {"{{endpoint}} {{result}}": rate("wechat_calls_total", by="endpoint, result")},
            table=True,
        ),
        graph(
            "Time of calls",
            "Of the platform's API. 50 to 300 ms are normal; after wechat.timeout_seconds (4) a call is given up.",
            quantiles("wechat_call_duration_seconds", 0.5, 0.99),
            "s",
            line=4,
        ),
        graph(
            "Access token, time left",
            """A saw-tooth from two hours down to five minutes is normal. At zero there are no new codes and no messages; without a
            token it is zero, too.""",
            {"{{instance}}": f"({expiry} - time()) * ({expiry} > bool 0)"},
            "s",
        ),
        graph(
            "Access token, age",
            "Since it was fetched from WeChat: two hours at most. Nodes that Redis joins share one.",
            {"{{instance}}": f"(time() - {fetched}) * ({fetched} > bool 0)"},
            "s",
        ),
        rates(
            "Requests to .send, by answer",
            """accepted and told are normal. limited: a sender is too fast. token_unknown: somebody guesses. unavailable and full:
            the broker is away, or WeChat takes nothing.""",
            {"{{result}}": rate("sends_total", by="result")},
            width=12,
            table=True,
        ),
        rates(
            "Messages, by fate",
            """sent: WeChat took it. delivered: it says that it arrived. quota, settings, unreachable, wechat: it was not taken; see
            Calls.""",
            {"{{state}}": rate("message_states_total", by="state")},
            width=12,
            table=True,
        ),
    ]


def hooks():
    return [
        rates(
            "Hooks, by event and result",
            """What the site's own backend is told. ok is normal. timeout, unreachable and refused are tried again where it is a
            scan; given_up is lost, dropped found the queue full.""",
            {"{{event}} {{result}}": rate("hooks_total", by="event, result")},
            width=12,
            table=True,
        ),
        graph(
            "Time of hooks",
            """How long the site's backend takes. A person in the chat waits for the first one about a scan, 3 s at most.""",
            quantiles("hook_duration_seconds", 0.5, 0.99),
            "s",
            width=12,
            line=3,
        ),
    ]
