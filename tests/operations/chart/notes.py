"""What `helm install` tells people at its end. Only a cluster has helm print it, so a copy of the chart says it as a manifest."""

import pathlib
import shutil
import tempfile

from . import rendered

MANIFEST = """{{ define "notes" }}%s{{ end }}
kind: Notes
text: {{ include "notes" . | toJson }}
"""

# What is said for a set of values; and what is not, after a `!`.
SAID = {
    "embedded": [
        "port-forward service/trial-scangate 2129:2129",
        "The push port is shut",
        "The server API is shut",
        "No official account is set",
        "an update ends its sessions",
        "!helm test",
    ],
    "redis": [
        "https://scan.example.com/wechat",
        "trial-scangate-push.gates:5678",
        'the first line is {"auth":"SECRET"}',
        "http://trial-scangate-ops.gates:9129/api/v1/",
        "helm test -n gates trial",
        "up to 45 s",
        "kubectl -n gates exec deploy/trial-scangate -- scangate doctor --grace-period=40",
        "!Mind:",
    ],
    "secrets": ["https://scan.example.com/wechat", "!Mind:"],
    "everything": ["https://scan.example.com/wechat", "up to 120 s", "No official account is set", "!trusted_proxies"],
}


def check(chart, version):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "scangate"
        shutil.copytree(chart, copy)
        notes = copy / "templates" / "NOTES.txt"
        (copy / "templates" / "notes.yaml").write_text(MANIFEST % notes.read_text())
        for values, phrases in SAID.items():
            text = rendered.render(copy, version, f"--values={chart}/ci/{values}.yaml")
            text = rendered.Rendering(text).one("Notes")["text"]
            for phrase in phrases:
                wanted = not phrase.startswith("!")
                assert (phrase.removeprefix("!") in text) == wanted, f"notes for {values}, {phrase!r}:\n{text}"
    return len(SAID)
