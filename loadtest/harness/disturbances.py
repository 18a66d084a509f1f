"""What is done to the cluster while pages and pushes go on. Each gives what was measured, in milliseconds."""

import signal
import time

from .processes import eventually

# How long things go on undisturbed, before and afterwards.
CALM = 2
# Two of the balancer's checks, and some more: then it sends pages to a node that has come back.
CHECKS = 1.5
# How long pages may take to be there again.
RETURN = 60


def cut_all(cluster, pages):
    """Kills the balancer: every page is cut in the same moment."""
    time.sleep(CALM)
    begun = time.monotonic()
    cluster.kills("haproxy")
    back = since(begun)
    eventually("the return of all pages", RETURN, lambda: cluster.connections() >= pages)
    all_back = since(begun)
    time.sleep(CALM)
    return {"balancer_back": back, "pages_back": all_back}


def restart_nodes(cluster, pages):
    """Tells the nodes to go, one after the other; each starts again before the next one goes."""
    measured = {}
    for name in [name for name in cluster.names if name.startswith("node")]:
        time.sleep(CHECKS)
        begun = time.monotonic()
        cluster.goes(name)
        measured[f"{name}_back"] = since(begun)
    eventually("the return of all pages", RETURN, lambda: cluster.connections() >= pages)
    time.sleep(CALM)
    return measured


def kill_redis(cluster, pages):
    """Kills Redis; it comes back with what it had on disk, and the nodes take it up again."""
    time.sleep(CALM)
    begun = time.monotonic()
    cluster.kills("redis")
    back = since(begun)
    eventually("every node being ready", RETURN, cluster.is_ready)
    ready = since(begun)
    time.sleep(CALM)
    return {"redis_back": back, "nodes_ready": ready}


def since(begun):
    return round(1000 * (time.monotonic() - begun))
