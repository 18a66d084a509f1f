"""What came of a run: on the terminal, and as JSON for those who compare."""

import json
import os
import platform
import re
import subprocess
import time
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "results"

# Said first, where a run has them; all that has a threshold is said anyway.
FIRST = [
    "scan_to_screen", "scan_to_result", "push_to_page", "push_answer", "push_outage", "line_to_page",
    "line_answer", "page_return", "page_bind", "page_open", "visits", "events_heard", "lines_ok", "lines_queued",
]


def machine():
    """What the figures depend on."""
    cpus = re.findall(r"model name\s*:\s*(.+)", read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", read("/proc/meminfo"))
    return {
        "cpus": os.cpu_count(), "cpu": cpus[0] if cpus else platform.machine(),
        "memory_mb": int(memory[1]) // 1024 if memory else None,
        "system": f"{platform.system()} {platform.release()}",
        "load_before": os.getloadavg()[0],
    }


def versions(programs, k6):
    """Who took part."""
    return {
        "scangate": first_line([programs / "scangate", "--version"]),
        "revision": first_line(["git", "rev-parse", "--short", "HEAD"]),
        "k6": first_line([k6, "version"]), "redis": first_line(["redis-server", "--version"]),
        "haproxy": first_line(["haproxy", "-v"]), "prometheus": first_line(["prometheus", "--version"]),
    }


def keep(result):
    """Writes a result into a file of its own; gives its path."""
    FOLDER.mkdir(exist_ok=True)
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    file = FOLDER / f"{result['scenario']}-{result['nodes']}-{moment}.json"
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return file


def show(result):
    """Says what somebody at a terminal wants to know."""
    for source, metrics in result["metrics"].items():
        print(f"\n  {source}")
        named = [name for name in FIRST if name in metrics]
        others = [name for name, metric in metrics.items() if "thresholds" in metric and name not in named]
        for name in named + sorted(others):
            print(line(name, metrics[name]))
    if result["disturbance"]:
        told = ", ".join(f"{name} {value} ms" for name, value in result["disturbance"].items())
        print(f"\n  from the blow on: {told}")
    if result["cpu_cores"]:
        told = ", ".join(f"{name} {cores:.2f}" for name, cores in result["cpu_cores"].items() if cores >= 0.005)
        print(f"\n  cores busy: {told}, of {result['machine']['cpus']}")
    if result["panels_left_out"]:
        print(f"\n  dashboard: left out, {result['panels_left_out']}")
    else:
        full = sum(1 for panel in result["panels"].values() if panel["series"])
        print(f"\n  dashboard: {full} of {len(result['panels'])} panels have data{first_panel(result['panels'])}")
    for fault in result["faults"]:
        print(f"\n  FAULT: {fault}")


def first_panel(panels):
    """What the dashboard's first figure says at the end, where somebody scanned."""
    shown = panels.get("Scan to screen", {"series": []})["series"]
    told = ", ".join(f"{one['legend']} {1000 * one['last']:.1f} ms" for one in shown)
    return f"; scan to screen, by the nodes: {told}" if told else ""


def line(name, metric):
    """One metric: whether its thresholds hold, and its values."""
    values, thresholds = metric["values"], metric.get("thresholds", {})
    holds = all(threshold["ok"] for threshold in thresholds.values())
    mark = "  " if not thresholds else "ok" if holds else "NO"
    if metric["type"] == "trend":
        told = " ".join(f"{word} {values[key]:.1f}" for word, key in
                        [("med", "med"), ("p95", "p(95)"), ("p99", "p(99)"), ("max", "max")])
        told = f"{told} {'ms' if metric['contains'] == 'time' else ''} of {values['count']:.0f}"
    elif metric["type"] == "rate":
        told = f"{100 * values['rate']:.2f} %"
    else:
        told = f"{values['count']:.0f} ({values['rate']:.1f}/s)"
    return f"    {mark} {name:<24} {told:<58} {', '.join(thresholds)}".rstrip()


def read(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def first_line(command):
    """What a program says first; None where it is not there."""
    # Servers are kept where only root looks for programs.
    variables = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, env=variables, check=False)
    except OSError:
        return None
    said = (done.stdout + done.stderr).strip().splitlines()
    return said[0] if said and done.returncode == 0 else None
