"""One round: a cluster, a Prometheus, k6 and what else the scenario has, and what came of it."""

import json
import resource
import tempfile
import time
from pathlib import Path

from . import disturbances, results
from .cluster import Cluster, series
from .processes import Fault, Process, eventually, undisturbed
from .prometheus import Prometheus, why_not
from .watch import Watch

SCRIPTS = Path(__file__).parents[1] / "scenarios"
# How long pages may take to open, and what is under way to end.
OPENING = 60
PATIENCE = 20
# k6 says so where a threshold does not hold.
THRESHOLDS_FAILED = 99


class Round:
    """A scenario that is run once. `given` is the command line."""

    def __init__(self, scenario, sizes, given):
        self.scenario, self.sizes, self.given = scenario, sizes, given
        self.metrics, self.faults, self.disturbance = {}, [], {}
        self.owned = []

    def run(self):
        """Runs it; gives the result. Whatever was started has ended then."""
        with tempfile.TemporaryDirectory(prefix="scangate-load-") as folder:
            self.folder = folder
            try:
                return self._run()
            except Fault:
                if self.owned and self.owned[0].is_ours:
                    print(f"  the cluster's last words:\n{self.owned[0].process.last_words()}")
                raise
            finally:
                with undisturbed():
                    for one in reversed(self.owned):
                        one.end()

    def _own(self, one):
        self.owned.append(one)
        return one

    def _run(self):
        machine = results.machine()
        self.cluster = self._own(self.given.outside or Cluster(
            self.given.programs, self.given.nodes, self.folder, self.scenario.disturbance is not None))
        left_out = "not asked for" if self.given.no_prometheus else why_not()
        scraper = None if left_out else self._own(Prometheus(self.cluster.ops, self.folder))
        begun, cpu = time.monotonic(), self.cluster.cpu()
        children = children_cpu()
        self._load()
        cpu_cores = self._cores(cpu, children, time.monotonic() - begun)
        self._check_that_all_have_left()
        return {
            "scenario": self.scenario.name, "about": self.scenario.about,
            "nodes": self.cluster.nodes, "sizes": vars(self.sizes), "lines": self.scenario.lines,
            "machine": machine, "versions": results.versions(self.given.programs, self.given.k6),
            "metrics": self.metrics, "disturbance": self.disturbance, "cpu_cores": cpu_cores,
            "panels": scraper.panels() if scraper else {}, "panels_left_out": left_out,
            "faults": self.faults, "passed": not self.faults,
        }

    def _load(self):
        """All that the scenario consists of."""
        watch = None
        disturbs = self.scenario.disturbance and self.cluster.is_ours
        if disturbs or self.scenario.push_port == "beside":
            watch = self._own(Watch())
        before = self.cluster.connections()
        k6 = self._own(self._k6(watch))
        if watch:
            self._wait_for_pages(k6, before + self.sizes.pages)
            if disturbs:
                disturb = getattr(disturbances, self.scenario.disturbance)
                self.disturbance = disturb(self.cluster, self.sizes.pages)
            else:
                self._push_port()
            watch.is_over = True
        self._end_k6(k6)
        if self.scenario.push_port and not watch:
            self._push_port()

    def _k6(self, watch):
        sizes, cluster = self.sizes, self.cluster
        self.summary = Path(self.folder) / "summary.json"
        variables = {
            "SUMMARY": self.summary, "PAGE_URL": cluster.page, "OPS_URLS": ",".join(cluster.ops),
            "SANDBOX_URL": cluster.sandbox, "PAGES": sizes.pages or sizes.vus, "VUS": sizes.vus,
            "RATE": sizes.rate, "SECONDS": sizes.seconds, "P95_MS": sizes.p95_ms, "PATIENCE": PATIENCE,
            "WATCH_URL": watch.url if watch else "",
            "HANG_UP": int(self.scenario.name == "storm" and not cluster.is_ours),
            "API_KEY": self.given.api_key,
        }
        variables = {name: str(value) for name, value in variables.items()}
        # Nothing is asked of anybody but the gateway, and nothing listens.
        variables |= {"K6_NO_USAGE_REPORT": "true", "K6_AUTO_EXTENSION_RESOLUTION": "false"}
        script = SCRIPTS / f"{self.scenario.name}.js"
        command = [self.given.k6, "run", "--quiet", "--no-color", "--address", "", script]
        return Process("k6", command, self.folder, variables)

    def _wait_for_pages(self, k6, count):
        def are_open():
            if k6.has_ended():
                raise Fault(f"k6 has ended before its pages were open:\n{k6.last_words()}")
            return self.cluster.connections() >= count

        eventually("the opening of all pages", OPENING, are_open)

    def _end_k6(self, k6):
        code = k6.wait(OPENING + self.sizes.seconds + 3 * PATIENCE)
        if code not in (0, THRESHOLDS_FAILED):
            raise Fault(f"k6 has failed ({code}):\n{k6.last_words()}")
        self.metrics["k6"] = json.loads(self.summary.read_text())["metrics"]
        self._judge("k6", code)
        # A script that stumbles is told there, and k6 goes on.
        complaints = [line for line in k6.said().splitlines() if "level=error" in line]
        complaints = [line for line in complaints if "thresholds on metrics" not in line]
        if complaints:
            self.faults.append(f"k6 complained {len(complaints)} times, first: {complaints[0]}")

    def _push_port(self):
        """The load that speaks TCP."""
        if not self.cluster.push:
            raise Fault("this scenario needs the push port: --push ADDR:PORT")
        sizes = self.sizes
        lines = {"pages": sizes.pages, "rate": sizes.rate, "seconds": sizes.seconds, "p95-ms": sizes.p95_ms,
                 **self.scenario.lines}
        if self.given.smoke and lines["sleepers"]:
            lines |= {"sleepers": 3, "rate": 200}
        place = lambda url: url.removeprefix("http://")
        command = [self.given.programs / "scangate-load", "--page", place(self.cluster.page),
                   "--ops", place(self.cluster.ops[0]), "--push", ",".join(self.cluster.push)]
        command += [word for name, value in lines.items() for word in (f"--{name}", value)]
        before = self._sent_away() if self.cluster.is_ours else 0
        driver = self._own(Process("scangate-load", command, self.folder))
        code = driver.wait(OPENING + lines["seconds"] + 3 * PATIENCE)
        if code not in (0, 1):
            raise Fault(f"scangate-load has failed ({code}):\n{driver.last_words()}")
        self.metrics["push port"] = json.loads(driver.said())["metrics"]
        self._judge("push port", code)
        if self.cluster.is_ours and lines["sleepers"]:
            gone = self._sent_away() - before
            if gone < lines["sleepers"]:
                self.faults.append(f"the nodes say that {gone:.0f} pages were too slow, not {lines['sleepers']}")

    def _sent_away(self):
        return sum(series(ops, "scangate_connections_closed_total", 'ending="too_slow"') for ops in self.cluster.ops)

    def _judge(self, source, code):
        """Every threshold that does not hold is a fault."""
        broken = [
            f"{name}: {condition}"
            for name, metric in self.metrics[source].items()
            for condition, threshold in metric.get("thresholds", {}).items()
            if not threshold["ok"]
        ]
        self.faults += [f"{source}: {one}" for one in broken]
        if code != 0 and not broken:
            self.faults.append(f"{source} ended with {code}")

    def _cores(self, before, children, seconds):
        """How many cores everybody had busy; nothing where processes were restarted, for those have no past."""
        if self.disturbance:
            return {}
        after = self.cluster.cpu()
        used = {name: after[name] - before[name] for name in after}
        used["load"] = children_cpu() - children
        return {name: round(value / seconds, 3) for name, value in used.items()}

    def _check_that_all_have_left(self):
        if self.cluster.is_ours:
            are_gone = lambda: self.cluster.connections() == 0 and self.cluster.is_alive()
            try:
                eventually("the end of all connections", PATIENCE, are_gone)
            except Fault:
                left = f"{self.cluster.connections():.0f} connections are left behind"
                self.faults.append(left if self.cluster.is_alive() else f"a node does not answer any more; {left}")


def children_cpu():
    """What our children that have ended have used: k6 and the push port's load."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
