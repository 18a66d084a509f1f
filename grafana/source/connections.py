"""Pages and their websockets."""

from panels import graph, rates
from queries import of, rate


def connections():
    refused = {
        "{{reason}}": rate("handshakes_refused_total", by="reason"),
        "tls": rate("tls_handshakes_failed_total"),
        "proxy_header": rate("proxy_headers_refused_total"),
        "accept refused, {{listener}}": rate("accept_refusals_total", by="listener"),
        "accept paused, {{listener}}": rate("accept_pauses_total", by="listener"),
    }
    return [
        graph(
            "Connections, by node",
            """Websockets open now. With leastconn the nodes are even, but for one that was restarted and fills up again. A step
            down on all nodes at once is the balancer or the network.""",
            {"{{instance}}": of("connections")},
            "short",
        ),
        graph(
            "Connections, share of the limit",
            """Of the websockets that a node takes (limit.connections, or what its file limit allows). Over 90 % start another node
            or raise the limit: at 100 % pages are refused with 503.""",
            {"{{instance}}": f"{of('connections')} / {of('connections_limit')}"},
            "percentunit",
            line=0.9,
            most=1,
        ),
        graph(
            "Bindings, by node",
            "Connections that hold a uid: nearly all is normal. Many more connections than bindings: pages open and do not bind.",
            {"{{instance}}": of("bindings")},
            "short",
        ),
        rates(
            "Opened and closed, by ending",
            """Normal are left (the page said goodbye) and lost (it vanished). silent: its network died without a word. too_slow,
            too_fast, protocol and refused are single bad clients, if they are few. draining: a node went.""",
            {
                "opened": rate("connections_opened_total"),
                "{{ending}}": rate("connections_closed_total", by="ending"),
            },
            table=True,
        ),
        rates(
            "Closes, by code",
            """The code of the close frame that was sent; none where nobody was left to tell. docs/PROTOCOL.md says what each
            means.""",
            {"{{code}}": rate("connections_closed_total", by="code")},
            table=True,
        ),
        rates(
            "Refused at the door",
            """Zero or a little noise is normal. limit: the node has no place left. address_limit: one address has too many. origin:
            a page that is not in public.origins. tls: scanners, or a certificate that browsers do not take. proxy_header: a
            balancer that is set up wrong. accept: the listener is full, or no file is left.""",
            refused,
            table=True,
        ),
        rates(
            "Binds, by result",
            """ok is normal, and a little uid_unknown (a page that came back too late). Many ticket_mismatch: somebody guesses, or
            pages lose the key. unavailable: the broker is away. join_… and group_full: the page bound, and is in no group.""",
            {
                "{{result}}": rate("binds_total", by="result"),
                "{{code}}": rate("joins_refused_total", by="code"),
            },
            stack=True,
        ),
        graph(
            "Sessions, by state",
            """With the embedded broker all on record, with Redis those that pages of the nodes hold. Many waiting and few scanned:
            people see codes and do not scan them.""",
            {"{{state}}": f"sum by (state) ({of('sessions')})"},
            "short",
            stack=True,
        ),
        rates(
            "What pages say",
            "Messages from pages. ping and bind are normal. Many ignored: pages that speak something else.",
            {"{{kind}}": rate("messages_total", by="kind")},
            stack=True,
        ),
        rates(
            "Frames, by kind",
            "From pages (received) and to them (sent). An idle page means a ping and a pong in 25 s.",
            {
                "received {{kind}}": rate("websocket_frames_received_total", by="kind"),
                "sent {{kind}}": rate("websocket_frames_sent_total", by="kind"),
            },
            table=True,
        ),
        graph(
            "Bytes on websockets",
            "Frames with their heads, without TLS.",
            {
                "received": rate("websocket_received_bytes_total"),
                "sent": rate("websocket_sent_bytes_total"),
            },
            "Bps",
        ),
        graph(
            "Waiting for slow pages",
            """Bytes that sockets have not taken yet. Near zero is normal; a page that has over limit.queue_bytes (256 KiB) waiting
            is closed with 4508.""",
            {"{{instance}}": of("outbox_bytes")},
            "bytes",
        ),
        rates(
            "Frames that had to wait",
            """queued: a socket did not take the frame at once; bursts to slow networks are normal. overflowed: a page was so slow
            that it was closed with 4508. It is replayed what it missed when it comes back.""",
            {
                "queued": rate("frames_queued_total"),
                "overflowed": rate("outbox_overflows_total"),
            },
        ),
    ]
