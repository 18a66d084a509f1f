"""Child processes: their output in files, their end in our hands."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

# How long a process may take to end after it was asked to.
END = 20


class Fault(Exception):
    """What ends a run, as a sentence."""


class Process:
    """A child with its output in a file; a group of its own, so that Ctrl-C reaches only us."""

    def __init__(self, name, command, folder, variables=None):
        self.name = name
        self.log = Path(folder) / f"{name}.log"
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, **(variables or {})}, start_new_session=True,
            )

    @property
    def id(self):
        return self.child.pid

    def said(self):
        """Everything that it has printed."""
        return self.log.read_text(errors="replace")

    def last_words(self, count=15):
        """The end of that."""
        return "\n".join(self.said().splitlines()[-count:])

    def has_ended(self):
        return self.child.poll() is not None

    def wait(self, seconds):
        """Waits for its end; gives its exit code."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Fault(f"{self.name} has not ended after {seconds} s") from None

    def end(self):
        """Asks it to end, and insists after a while."""
        if self.has_ended():
            return
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(END)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


@contextmanager
def undisturbed():
    """Those who want to stop us have to wait: what we do now is our end."""
    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = [signal.signal(one, signal.SIG_IGN) for one in signals]
    try:
        yield
    finally:
        for one, handler in zip(signals, before):
            signal.signal(one, handler)


def eventually(what, seconds, question):
    """Asks until the answer is true; gives it."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Fault(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def cpu_seconds(process_id):
    """What a process has used up to now; 0 for one that is no more."""
    try:
        text = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
