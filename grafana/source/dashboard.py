#!/usr/bin/env python3
"""Writes the dashboard: `grafana/source/dashboard.py > grafana/dashboards/scangate.json`.

This is the source: a panel is its title, what it says, and its queries; all else is the same for its kind. Whoever likes to
try things in Grafana's editor does so there, and brings title, text and query back here.
"""

import json
import sys

# Nothing is left beside the sources.
sys.dont_write_bytecode = True

from connections import connections
from nodes import nodes, runtime
from overview import overview
from panels import SOURCE, WIDTH
from pushes import delivery, pushes
from queries import of
from redis import redis
from wechat import hooks, wechat

ROWS = {
    "Overview": overview(),
    "Connections": connections(),
    "Pushes": pushes(),
    "Delivery": delivery(),
    "Redis": redis(),
    "WeChat": wechat(),
    "Hooks": hooks(),
    "Nodes": nodes(),
    "Runtime": runtime(),
}


def laid_out(panels, top):
    """Gives each panel its place, line by line from `top` on; the next free line."""
    left, next_top = 0, top
    for each in panels:
        place = each["gridPos"]
        if left + place["w"] > WIDTH:
            left, top = 0, next_top
        place.update(x=left, y=top)
        left += place["w"]
        next_top = max(next_top, top + place["h"])
    return next_top


def rows():
    """The first row is open; the others ask Prometheus only when somebody opens them."""
    top, number, whole = 0, 0, []
    for title, panels in ROWS.items():
        is_open = not whole
        number += 1
        place = {"h": 1, "w": WIDTH, "x": 0, "y": top}
        row = {"id": number, "type": "row", "title": title, "collapsed": not is_open, "gridPos": place}
        bottom = laid_out(panels, top + 1)
        for each in panels:
            number += 1
            each["id"] = number
        whole += [{**row, "panels": []}, *panels] if is_open else [{**row, "panels": panels}]
        top = bottom if is_open else top + 1
    return whole


def variable(name, label, says, query):
    return {
        "name": name,
        "label": label,
        "description": says,
        "type": "query",
        "datasource": SOURCE,
        "query": {"qryType": 1, "query": query, "refId": name},
        "current": {"text": ["All"], "value": ["$__all"]},
        "includeAll": True,
        "multi": True,
        "options": [],
        "refresh": 2,
        "sort": 1,
    }


def dashboard():
    source = {
        "name": "datasource",
        "label": "Data source",
        "description": "A Prometheus that scrapes the nodes.",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
    }
    starts = {
        "name": "Starts",
        "datasource": SOURCE,
        "enable": True,
        "expr": f"{of('start_timestamp_seconds')} * 1000",
        "iconColor": "purple",
        "titleFormat": "{{instance}} started",
        "useValueForTime": "on",
    }
    variables = [
        source,
        variable("job", "Job", "One installation, as a rule.", "label_values(scangate_build_info, job)"),
        variable("instance", "Node", "One, some or all.", 'label_values(scangate_build_info{job=~"$job"}, instance)'),
    ]
    return {
        "uid": "scangate",
        "title": "scangate",
        "description": "Pages that wait for a scan, and what tells them of it. Each panel says what is normal and what to do.",
        "tags": ["scangate"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [starts]},
        "templating": {"list": variables},
        "panels": rows(),
    }


if __name__ == "__main__":
    print(json.dumps(dashboard(), indent=2, ensure_ascii=False))
