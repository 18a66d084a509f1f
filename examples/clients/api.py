"""Publishes an event over the server API: python3 api.py URL UID TICKET EVENT"""

import json
import os
import sys
import urllib.error
import urllib.request

url, uid, ticket, event = sys.argv[1:]

line = {"uid": int(uid), "ticket": ticket, **json.loads(event)}
request = urllib.request.Request(f"{url}/api/v1/push", json.dumps(line).encode())
request.add_header("Content-Type", "application/json")
if "API_KEY" in os.environ:
    request.add_header("Authorization", f"Bearer {os.environ['API_KEY']}")
try:
    with urllib.request.urlopen(request, timeout=3) as response:
        answer = response.read().decode()
except urllib.error.HTTPError as refusal:
    answer = refusal.read().decode()

print(answer)
sys.exit(0 if json.loads(answer).get("result") in ("ok", "queued") else 1)
