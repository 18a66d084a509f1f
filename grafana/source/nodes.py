"""The nodes themselves, and what they run on."""

from panels import graph, rates, states, table
from queries import of, quantile, rate


def nodes():
    certificate = of("certificate_expiry_timestamp_seconds")
    started = of("start_timestamp_seconds")
    return [
        table(
            "Nodes",
            """Every node that Prometheus reaches: its version, when it started, its connections, and when its certificate ends
            (1970: it does not speak TLS itself). Versions differ only during a rollout.""",
            {
                "": of("build_info"),
                "started": f"{started} * 1000",
                "connections": of("connections"),
                "certificate ends": f"{certificate} * 1000",
            },
            labels=["version", "revision"],
            dates=["started", "certificate ends"],
        ),
        states(
            "State of each node",
            "As /readyz says. starting and draining are short. degraded on all nodes at once: Redis is away.",
            "node_state",
            {"starting": "blue", "ready": "green", "degraded": "orange", "draining": "purple"},
            12,
        ),
        graph(
            "Up for",
            "Since each node started. One that begins again and again is killed or crashes: see Memory, and its log.",
            {"{{instance}}": f"time() - {started}"},
            "s",
            width=12,
        ),
        graph(
            "Certificate, time left",
            """Of the chain that the node serves; 0 where it does not speak TLS itself. Most are renewed 30 days before their end;
            new files are taken without a restart.""",
            {"{{instance}}": f"({certificate} - time()) * ({certificate} > bool 0)"},
            "s",
            width=12,
        ),
        rates(
            "Certificates looked at",
            "ok: a new one was taken. refused: the files do not fit or cannot be read, and the old one is kept; see the log.",
            {"{{result}}": rate("tls_reloads_total", by="result")},
            width=12,
        ),
    ]


def runtime():
    cpu = of("cpu_seconds_total", prefix="process_")
    memory = of("resident_memory_bytes", prefix="process_")
    files = [of(f"{name}_fds", prefix="process_") for name in ("open", "max")]
    return [
        graph(
            "CPU",
            "Cores that each node uses. A node that uses all it has delivers late.",
            {"{{instance}}": f"rate({cpu}[$__rate_interval])"},
            "short",
            decimals=2,
        ),
        graph(
            "Memory",
            """Resident, and the limit of the node's cgroup (0: none). A bound websocket takes about 2 KB, 10 KB with TLS. At the
            limit the kernel kills the process.""",
            {"{{instance}}": memory, "limit of {{instance}}": of("memory_limit_bytes")},
            "bytes",
        ),
        graph(
            "Files, share of the limit",
            "Every connection is a file. Over 90 % raise the file limit (LimitNOFILE, ulimit -n) or start another node.",
            {"{{instance}}": " / ".join(files)},
            "percentunit",
            line=0.9,
            most=1,
        ),
        graph(
            "Lag of the event loop, p99",
            "How late a timer rings. Under 5 ms is normal; more means that there is too little CPU, or that something blocks.",
            {"{{instance}}": quantile(0.99, "runtime_lag_seconds", "instance")},
            "s",
            line=0.1,
        ),
        graph(
            "Tasks",
            "Of the runtime: about one for each connection, and some dozens. What only grows is leaking.",
            {"{{instance}}": of("runtime_tasks")},
            "short",
        ),
        graph(
            "Workers",
            "Threads that run the tasks: one for each core that the node may use.",
            {"{{instance}}": of("runtime_workers")},
            "none",
            decimals=0,
        ),
    ]
