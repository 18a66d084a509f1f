"""What a node tells Prometheus: promtool must find nothing about it, and its series are the same before and after work."""

import subprocess

from host import request

# As docs/METRICS.md states it.
MOST_SERIES = 1_000


def of(node):
    """The text at the node's ops listener."""
    status, text = request(f"http://{node}/metrics")
    assert status == 200, text
    return text


def faults(node, before, after):
    """What is wrong with what a node said before and after the load."""
    judged = subprocess.run(["promtool", "check", "metrics"], input=after, capture_output=True, text=True)
    said = (judged.stdout + judged.stderr).strip()
    if judged.returncode or said:
        yield f"promtool about {node}: {said or judged.returncode}"
    before, after = series(before), series(after)
    for one in sorted(before ^ after):
        yield f"{node}: the load {'made' if one in after else 'ended'} the series {one}"
    if len(after) > MOST_SERIES:
        yield f"{node} has {len(after)} series"
    print(f"{node}: {len(after)} series, the same as before the load")


def series(text):
    """Every name with its labels."""
    found = [line.rpartition(" ")[0] for line in text.splitlines() if line and not line.startswith("#")]
    assert len(set(found)) == len(found), "a series comes twice"
    return set(found)
