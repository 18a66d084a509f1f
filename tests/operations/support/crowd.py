"""People and backends for some seconds: everything that the dashboard shows happens at least once."""

import itertools
import json
import re
import socket

from host import PATIENCE_SECONDS, request
from websocket import Websocket

# More than a socket's buffers and the gateway's queue for a slow page take, in pushes of 60 KB.
MOST_LARGE_PUSHES = 300


class Crowd:
    """Uses an installation: `page` through the balancer, `phone` of the sandbox, and its nodes."""

    def __init__(self, page, phone, nodes):
        self.page, self.phone, self.nodes = page, phone, nodes
        self.turn = itertools.count()
        self.scans = 0

    def visit(self):
        """A person with a page, and a backend that has something to say to it."""
        code = self.code()
        page = self.bind(code, since="")
        page.say({"cmd": "ping", "pong": True})
        page.hear_until(lambda said: said.get("cmd") == "pong")
        page.say({"cmd": "more"})
        self.scan(code)
        result = page.hear_until(lambda said: "url" in said)
        self.push(code)
        self.push_by_api(code, "api")
        newest = page.hear_until(lambda said: said.get("from") == "api")
        page.vanish()
        self.push_by_api(code, "nobody is there")
        page = self.bind(code, since=result["event_id"])
        again = page.hear_until(lambda said: said.get("from") == "api")
        assert again["event_id"] == newest["event_id"], "the replay is another event"
        self.group(code)
        self.send(result["url"])
        page.leave()

    def stranger(self):
        """Who does everything wrong."""
        assert Websocket(self.page, version=12).status == 426
        page = Websocket(self.page)
        page.say({"uid": 1, "ticket": "made up"})
        assert page.hear()["code"] == "uid_unknown"
        page.say(b"no JSON")
        page.leave()

    def slow(self, seen):
        """A page that takes nothing: events wait for it, which is `seen`, and at last it is sent away."""
        code, node = self.code(), self.node()
        page = self.bind(code, address=node["page"], receive_bytes=4096)
        self.push_large(code, "bytes wait for a page that reads nothing", lambda result: waiting_bytes(node) > 0)
        seen()
        self.push_large(code, "such a page is sent away", lambda result: result == "queued")
        page.vanish()

    def push_large(self, code, what, is_so):
        for _ in range(MOST_LARGE_PUSHES):
            if is_so(self.push_by_api(code, "x" * 60_000)):
                return
        raise AssertionError(f"never seen: {what}")

    def node(self):
        """Each in its turn."""
        return self.nodes[next(self.turn) % len(self.nodes)]

    def code(self):
        status, text = request(f"http://{self.page}/qrcode")
        assert status == 200, text
        return json.loads(text)

    def bind(self, code, since=None, address=None, receive_bytes=None):
        page = Websocket(address or self.page, receive_bytes)
        assert page.status == 101, page.status
        said = code if since is None else {**code, "since": since}
        page.say(said)
        assert page.hear() == said, "the bind was not echoed"
        return page

    def scan(self, code):
        status, text = request(f"{self.phone}/sandbox/scan", {"ticket": code["ticket"], "person": "mei"})
        assert status == 200, text
        self.scans += 1

    def push(self, code):
        """Good lines and bad ones on the push port."""
        event = {"uid": code["uid"], "ticket": code["ticket"], "from": "push"}
        lines = [event, {**event, "ticket": "wrong"}, {**event, "uid": 1}, {"no": "uid"}, "no JSON"]
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        host, port = self.node()["push"].split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as backend:
            backend.sendall("".join(f"{text}\n" for text in texts).encode())
            answers = backend.makefile().readline
            words = [answers().strip() for _ in texts]
        assert words == ["ok", "fail", "fail", "fail", "fail"], words

    def push_by_api(self, code, source):
        event = {"uid": code["uid"], "ticket": code["ticket"], "from": source}
        status, text = request(f"http://{self.node()['ops']}/api/v1/push", event)
        assert status == 200, text
        return json.loads(text)["result"]

    def group(self, code):
        api = f"http://{self.node()['ops']}/api/v1"
        status, text = request(f"{api}/groups/crowd/members/{code['uid']}", method="PUT")
        assert status == 204, text
        for path in ("groups/crowd/push", "broadcast"):
            event = {"event": {"cmd": "news"}}
            if path == "broadcast":
                event["all"] = True
            status, text = request(f"{api}/{path}", event)
            assert status in (200, 202), text

    def send(self, url):
        """A message to the person, by the send token that the scan gave."""
        path = url.split("/", 3)[3]
        status, text = request(f"http://{self.page}/{path}?text=hello")
        # The token's own limit is part of what the dashboard shows.
        assert status in (200, 429), text


def waiting_bytes(node):
    """What waits for slow pages of a node, as it says itself."""
    _, text = request(f"http://{node['ops']}/metrics")
    return int(re.search(r"^scangate_outbox_bytes (\d+)$", text, flags=re.M)[1])
