"""A Prometheus that scrapes the nodes each second, and what the dashboard's panels would show of a run."""

import json
import random
import re
import shutil
import socket
import time
import urllib.parse
from pathlib import Path

from .cluster import ask
from .processes import Fault, Process, eventually

DASHBOARD = Path(__file__).parents[2] / "grafana/dashboards/scangate.json"

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: scangate
    scheme: {scheme}
    static_configs: [{{targets: {targets}}}]
"""

# What Grafana puts into a query: all jobs and instances, and windows that fit a scrape each second.
VARIABLES = {"job": ".*", "instance": ".*", "__rate_interval": "5s", "__interval": "1s"}
# How long a query may take, in seconds.
QUERY = 60
# Points of a panel that are looked at.
POINTS = 60


def why_not():
    """What is missing for the dashboard's figures; an empty text where nothing is."""
    if not shutil.which("prometheus"):
        return "prometheus is not installed"
    return "" if DASHBOARD.exists() else f"there is no {DASHBOARD.name}"


class Prometheus:
    """It runs beside the load, and is asked afterwards."""

    def __init__(self, ops, folder):
        scheme = ops[0].partition("://")[0]
        targets = json.dumps([url.partition("://")[2] for url in ops])
        file = Path(folder) / "prometheus.yml"
        file.write_text(CONFIGURATION.format(scheme=scheme, targets=targets))
        listen = f"127.0.0.1:{free_port()}"
        command = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder}/prometheus"]
        self.url = f"http://{listen}"
        self.process = Process("prometheus", [*command, f"--web.listen-address={listen}"], folder)
        try:
            # It begins up to five seconds after its start; what is loaded before that would not be seen.
            eventually("Prometheus scraping every node", 60, lambda: self._scraped() == len(ops))
        except BaseException:
            self.end()
            raise
        self.begun = time.time()

    def _scraped(self):
        """How many nodes have been scraped."""
        try:
            return len(self._ask("query", query="up == 1"))
        except Fault:
            return 0

    def panels(self):
        """What each panel of the dashboard shows of the time since the start, by its title."""
        return {panel["title"]: self._panel(panel) for panel in panels(DASHBOARD)}

    def _panel(self, panel):
        shown = []
        for target in panel.get("targets", []):
            for found in self._query(target["expr"]):
                values = [float(value) for _, value in found["values"]]
                values = [value for value in values if value == value]
                if values:
                    shown.append({
                        "legend": target.get("legendFormat", ""), "labels": found["metric"],
                        "min": min(values), "mean": sum(values) / len(values),
                        "max": max(values), "last": values[-1],
                    })
        return {"unit": panel.get("fieldConfig", {}).get("defaults", {}).get("unit"), "series": shown}

    def _query(self, expression):
        end = time.time()
        span = max(1, int(end - self.begun))
        query = substitute(expression, {**VARIABLES, "__range": f"{span}s", "__range_s": str(span)})
        step = max(1, span // POINTS)
        return self._ask("query_range", query=query, start=self.begun, end=end, step=step)

    def _ask(self, kind, **asked):
        url = f"{self.url}/api/v1/{kind}?{urllib.parse.urlencode(asked)}"
        try:
            reply = json.loads(ask(url, QUERY))
        except ValueError:
            raise Fault(f"Prometheus does not answer {asked['query']}") from None
        if reply["status"] != "success":
            raise Fault(f"Prometheus refuses {asked['query']}: {reply['error']}")
        return reply["data"]["result"]

    def end(self):
        self.process.end()


def panels(file):
    """Every panel of a dashboard that asks something, also those inside of rows."""
    waiting = list(json.loads(file.read_text())["panels"])
    while waiting:
        panel = waiting.pop(0)
        waiting[:0] = panel.get("panels", [])
        if panel.get("targets"):
            yield panel


def substitute(expression, variables):
    """Puts in Grafana's variables, in each of the forms `$name`, `${name}` and `${name:format}`."""
    def value(found):
        name = found[1] or found[2]
        if name not in variables:
            raise Fault(f"a query of the dashboard has a variable that is not known here: {name}")
        return variables[name]

    return re.sub(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))", value, expression)


def free_port():
    """A port that nobody listens on, below those that the system gives to others."""
    ports = list(range(12000, 16000))
    random.shuffle(ports)
    for port in ports:
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Fault("no port is free")
