"""The gateway that is put under load: a cluster of the sandbox's, or one that is there already."""

import os
import re
import signal
import urllib.error
import urllib.request

from .processes import Fault, Process, cpu_seconds, eventually

# How long the cluster may take to start.
STARTUP = 60


class Outside:
    """A gateway that others run: its addresses are all we know."""

    is_ours = False

    def __init__(self, page, ops, sandbox, push):
        self.page, self.ops, self.sandbox, self.push = page, ops, sandbox, push
        self.nodes = len(ops)

    def connections(self):
        """Websockets at all its nodes."""
        return sum(series(ops, "scangate_connections") for ops in self.ops)

    def is_alive(self):
        """Whether every node answers. One that does not has no connections that could be counted."""
        return all(ask(f"{ops}/livez") == "live" for ops in self.ops)

    def cpu(self):
        return {}

    def end(self):
        pass


class Cluster(Outside):
    """Redis, gateways, HAProxy and a pretend WeChat, on free ports."""

    is_ours = True

    def __init__(self, programs, nodes, folder, restarts):
        command = [programs / "scangate-sandbox", "cluster", "--nodes", nodes]
        command += ["--listen", "127.0.0.1:0", "--page-listen", "127.0.0.1:0"]
        variables = {}
        if restarts:
            command += ["--restart-after", 1]
        else:
            # Nobody comes back: then the balancer needs no time to notice.
            variables["SCANGATE_DRAIN_DELAY_SECONDS"] = "0"
        self.process = Process("cluster", command, folder, variables)
        try:
            eventually("the start of the cluster", STARTUP, self._has_started)
        except BaseException:
            self.process.end()
            print(self.process.last_words())
            raise
        text = self.process.said()
        find = lambda pattern: re.findall(pattern, text, re.M)
        [page] = find(r"through HAProxy +(http://\S+?)/$")
        [sandbox] = find(r"to scan with +(http://\S+?)/phone$")
        super().__init__(page, find(r"metrics +(http://\S+)/metrics$"), sandbox, find(r"push port +(\S+)$"))
        self.names = find(r"^    (\w+), process \d+$")

    def _has_started(self):
        if self.process.has_ended():
            raise Fault("the cluster has ended")
        return "Ctrl-C ends all" in self.process.said()

    def process_id(self, name):
        """The newest process of that name."""
        return int(re.findall(rf"^ *{name}(?: starts again)?, process (\d+)$", self.process.said(), re.M)[-1])

    def signals(self, name, what):
        os.kill(self.process_id(name), what)

    def kills(self, name):
        """Kills a process, and waits until it starts again."""
        before = self.process_id(name)
        self.signals(name, signal.SIGKILL)
        eventually(f"the return of {name}", STARTUP, lambda: self.process_id(name) != before)

    def goes(self, name):
        """Tells a node to go, and waits until it is there again."""
        before = self.process_id(name)
        self.signals(name, signal.SIGTERM)
        eventually(f"the return of {name}", STARTUP, lambda: self.process_id(name) != before)
        eventually(f"{name} being ready", STARTUP, self.is_ready)

    def is_ready(self):
        """Whether every node is, with its broker."""
        return all(ask(f"{ops}/readyz") == "ready" for ops in self.ops)

    def cpu(self):
        """Seconds of CPU that everybody has used; a process that was restarted begins anew."""
        used = {name: cpu_seconds(self.process_id(name)) for name in self.names}
        nodes = [used.pop(name) for name in self.names if name.startswith("node")]
        return {"nodes": sum(nodes), "sandbox": cpu_seconds(self.process.id), **used}

    def end(self):
        self.process.end()


def ask(url, seconds=5):
    """The body of an answer, of whatever status; an empty one where there is none in time."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as reply:
            return reply.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.read().decode(errors="replace")
    except OSError:
        return ""


def series(ops, name, label=""):
    """The sum of a metric's series at a node; only of those with this label, as `ending="left"`."""
    lines = ask(f"{ops}/metrics").splitlines()
    lines = [line for line in lines if re.match(rf"{name}[{{ ]", line) and label in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)
