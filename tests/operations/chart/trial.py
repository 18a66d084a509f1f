"""The test pod's own command, against a gateway with the rendered configuration, here and now."""

import itertools
import pathlib
import random
import socket
import subprocess
import tempfile
import threading

from . import rendered

SECRETS = {"secrets.pushSecret.value": "open-sesame", "secrets.opsApiKey.value": "a-key-for-the-api"}
# Of the probe; the gateway has twice that.
PATIENCE = 120


def check(chart, version, program):
    """Returns what the probe printed."""
    words = [f"--set={name}={value}" for name, value in SECRETS.items()]
    manifests = rendered.Rendering(rendered.render(chart, version, *words))
    manifests.check(program)
    (pod,) = manifests.all("Pod")
    (container,) = pod["spec"]["containers"]
    secrets = dict(zip(("SCANGATE_PUSH_SECRET", "SCANGATE_OPS_API_KEY"), SECRETS.values()))
    assert {one["name"] for one in container["env"]} == set(secrets)
    ports = dict(zip(rendered.PORTS, free_ports(len(rendered.PORTS))))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "scangate.toml"
        file.write_text(next(one["data"]["scangate.toml"] for one in manifests.all("ConfigMap")))
        # Here only the addresses are others.
        variables = secrets | {"SCANGATE_CONFIG": str(file), "SCANGATE_DATA_DIR": folder, "SCANGATE_DRAIN_DELAY_SECONDS": "0"}
        variables |= {f"SCANGATE_{name.upper()}_LISTEN": f"127.0.0.1:{port}" for name, port in ports.items()}
        node = subprocess.Popen([program, "serve"], env=variables, stderr=subprocess.PIPE, text=True)
        # A gateway that says nothing must not be waited for for ever.
        watchdog = threading.Timer(2 * PATIENCE, node.kill)
        watchdog.start()
        try:
            listening(node)
            args = [here(word, manifests, ports) for word in container["args"]]
            answer = subprocess.run([program, *args], env=secrets, capture_output=True, text=True, timeout=PATIENCE)
        finally:
            node.terminate()
            node.stderr.read()
            code = node.wait()
            watchdog.cancel()
        assert code == 0, f"the gateway ended with {code}"
    assert answer.returncode == 0 and "the page heard it" in answer.stdout, f"{args}\n{answer.stdout}{answer.stderr}"
    return answer.stdout.splitlines()[-1]


def listening(node):
    """Waits until all three listeners are open; the program says so."""
    said = []
    while sum("127.0.0.1:" in line for line in said) < 3:
        said.append(node.stderr.readline())
        assert said[-1], f"the gateway has ended: {said}"


def here(word, manifests, ports):
    """An argument of the pod's, with this machine's addresses for those of the Services."""
    for service in manifests.all("Service"):
        (port,) = service["spec"]["ports"]
        there = f"{service['metadata']['name']}:{port['port']}"
        if word.endswith(f"={there}") or word.endswith(f"//{there}"):
            return word.replace(there, f"127.0.0.1:{ports[port['name']]}")
    return word


def free_ports(count):
    """As many, each another; below those that the system gives to clients: nobody takes one in between."""
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = random.sample(range(10_000, low), low - 10_000)
    return list(itertools.islice(filter(is_free, ports), count))


def is_free(port):
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) != 0
