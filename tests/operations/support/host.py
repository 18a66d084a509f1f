"""What the checks ask of the machine: ports, programs, HTTP."""

import json
import random
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

# Below those that the system gives to clients: nobody gets one between our choice and the program's start.
FREE_PORTS = range(20_000, 24_000)
# What one wait may take, on a slow machine that does other things too.
PATIENCE_SECONDS = 60


def free_address():
    """An address of this machine that nobody listens on."""
    for port in random.sample(FREE_PORTS, 100):
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return f"127.0.0.1:{port}"
    raise SystemExit("no port is free")


def eventually(what, ask, seconds=PATIENCE_SECONDS):
    """Asks until the answer is true, and gives it; fails with the last one when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(0.1)


def request(url, body=None, method=None, headers=()):
    """Status and text of an answer. A body that is no bytes is sent as JSON."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    asked = urllib.request.Request(url, data=body, method=method, headers=dict(headers))
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


class Program:
    """A child whose output is read; ended with the block."""

    def __init__(self, words, variables=None):
        self.said = []
        self.child = subprocess.Popen(
            words, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.reader = threading.Thread(target=self._listen, daemon=True)
        self.reader.start()

    def _listen(self):
        for line in self.child.stdout:
            self.said.append(line)

    def says(self, pattern, seconds=PATIENCE_SECONDS):
        """Waits until it has said this; gives what the pattern's group finds, each time it does."""

        def found():
            if self.child.poll() is not None:
                raise SystemExit("it ended:\n" + "".join(self.said))
            return re.findall(pattern, "".join(self.said), flags=re.M)

        return eventually(pattern, found, seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        # By force only at last: what it started itself would be left behind.
        try:
            self.child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
