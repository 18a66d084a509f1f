"""Publishes an event over the push port: python3 push.py HOST:PORT UID TICKET EVENT"""

import json
import os
import secrets
import socket
import sys

address, uid, ticket, event = sys.argv[1:]
host, port = address.rsplit(":", 1)

with socket.create_connection((host, int(port)), timeout=3) as gate:
    answers = gate.makefile()

    def say(line):
        gate.sendall(json.dumps(line).encode() + b"\n")
        return answers.readline().strip()

    if "PUSH_SECRET" in os.environ and say({"auth": os.environ["PUSH_SECRET"]}) != "ok":
        sys.exit("the secret is wrong")

    # With a push_id it is safe to say it again: the page gets it once.
    line = {"uid": int(uid), "ticket": ticket, "push_id": secrets.token_hex(8), **json.loads(event)}
    for _ in range(3):
        answer = say(line)
        if answer != "unknown":
            break

print(answer)
sys.exit(0 if answer in ("ok", "queued") else 1)
