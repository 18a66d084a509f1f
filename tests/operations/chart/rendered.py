"""What a rendered chart says, and whether its parts fit together."""

import os
import subprocess
import tempfile

import yaml

# Secrets as the program wants them, by the end of their variable's name.
SECRETS = {
    "BROKER_URL": "redis://:hush-hush@redis:6379",
    "WECHAT_APP_SECRET": "0123456789abcdef0123456789abcdef",
    "WECHAT_TOKEN": "tokenoftheconsole",
    "TRACE_OTLP_HEADERS": "authorization=Bearer hush-hush",
    "WECHAT_ENCODING_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}
PORTS = {"public": 2129, "push": 5678, "ops": 9129}


def render(chart, version, *words):
    """The manifests, hooks included."""
    command = ["helm", "template", "trial", str(chart), "--namespace=gates", f"--kube-version={version}", *words]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def secrets_are_all_there(chart, settings):
    """Each secret of the program has its place in the values; the broker's URL is `redis`."""
    values = yaml.safe_load((chart / "values.yaml").read_text())
    named = {variable(name) for name in values["secrets"]} | {"SCANGATE_BROKER_URL"}
    known = {setting.variable for setting in settings if setting.is_secret}
    assert named == known, f"secrets of the chart and of the program differ: {named ^ known}"


def variable(name):
    """`wechatAppSecret` is `SCANGATE_WECHAT_APP_SECRET`."""
    return "SCANGATE_" + "".join(f"_{letter}" if letter.isupper() else letter for letter in name).upper()


class Rendering:
    """The manifests of one set of values."""

    def __init__(self, text):
        self.objects = [one for one in yaml.safe_load_all(text) if one]
        self.deployment = self.one("Deployment")
        self.pod = self.deployment["spec"]["template"]
        (self.container,) = self.pod["spec"]["containers"]

    def all(self, kind):
        return [one for one in self.objects if one["kind"] == kind]

    def one(self, kind):
        (found,) = self.all(kind)
        return found

    def check(self, program):
        config = self.accepted(program)
        self.listeners(config)
        self.services()
        self.time_to_go(config)
        self.probes()
        self.restricted(self.pod["spec"])
        self.alone_or_joined()
        self.policy()
        self.test_pod()

    def accepted(self, program):
        """The program takes file and variables without a word; returns what the file says."""
        text = next(one["data"]["scangate.toml"] for one in self.all("ConfigMap") if "scangate.toml" in one["data"])
        with tempfile.TemporaryDirectory() as folder:
            variables = {"PATH": os.environ["PATH"]}
            for one in self.container["env"]:
                name = one["name"]
                if not name.startswith("SCANGATE_"):
                    continue
                if name == "SCANGATE_CONFIG":
                    self.is_mounted(one["value"])
                    value = os.path.join(folder, "scangate.toml")
                    write(value, text)
                elif name.endswith("_FILE"):
                    self.is_mounted(one["value"])
                    value = os.path.join(folder, name)
                    write(value, secret(name.removesuffix("_FILE")))
                else:
                    value = secret(name) if "valueFrom" in one else one["value"]
                variables[name] = value
            answer = subprocess.run([program, "check"], env=variables, capture_output=True, text=True)
            assert (answer.returncode, answer.stderr) == (0, ""), f"{answer.stderr}\n{text}"
        # The part of TOML that the chart writes, so that no library is needed.
        config, section = {}, None
        for line in filter(None, text.splitlines()):
            if line.startswith("["):
                section = config.setdefault(line.strip("[]"), {})
            else:
                key, value = line.split(" = ", 1)
                section[key] = yaml.safe_load(value)
        return config

    def is_mounted(self, path):
        folders = [mount["mountPath"] for mount in self.container.get("volumeMounts", [])]
        assert any(path.startswith(f"{folder}/") for folder in folders), f"{path} is in no volume: {folders}"

    def listeners(self, config):
        """What the program opens are the ports of the container, and a port that is not there is shut."""
        for setting in ("tls_cert", "tls_key"):
            if setting in config["public"]:
                self.is_mounted(config["public"][setting])
        ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        for listener, port in PORTS.items():
            address, _, listening = config[listener]["listen"].rpartition(":")
            assert int(listening) == port
            if listener in ports:
                assert ports[listener] == port and address == "0.0.0.0", listener
            else:
                assert listener == "push" and address == "127.0.0.1", listener

    def services(self):
        """Each listener has a Service of its own; it finds these pods, and only it."""
        labels = self.pod["metadata"]["labels"]
        ports = {port["name"] for port in self.container["ports"]}
        targets = []
        for service in self.all("Service"):
            spec = service["spec"]
            if service["metadata"]["labels"]["app.kubernetes.io/component"] == "metrics":
                continue
            (port,) = spec["ports"]
            assert spec["selector"].items() <= labels.items()
            assert port["targetPort"] == service["metadata"]["labels"]["app.kubernetes.io/component"]
            assert port["targetPort"] == "public" or spec["type"] == "ClusterIP"
            targets.append(port["targetPort"])
        assert sorted(targets) == sorted(ports), targets
        for ingress in self.all("Ingress"):
            (rule,) = ingress["spec"]["rules"]
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                assert self.service(backend["name"])["spec"]["ports"][0]["name"] == backend["port"]["name"] == "public"

    def service(self, name):
        (found,) = [one for one in self.all("Service") if one["metadata"]["name"] == name]
        return found

    def time_to_go(self, config):
        spec, drain = self.pod["spec"], config["drain"]
        wait = self.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        needed = wait + drain["delay_seconds"] + drain["seconds"]
        # 5 s for tasks, 2 s for timelines, 5 s for the broker: REST in src/node/drain.rs.
        assert spec["terminationGracePeriodSeconds"] >= needed + 12

    def probes(self):
        paths = {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
        for name, path in paths.items():
            assert self.container[f"{name}Probe"]["httpGet"] == {"path": path, "port": "ops"}
        # A pod that drains says 503 for `delay_seconds`: it must be alive all the while.
        silence = {name: self.container[f"{name}Probe"] for name in ("readiness", "liveness")}
        silence = {name: one["periodSeconds"] * one["failureThreshold"] for name, one in silence.items()}
        assert silence["readiness"] < silence["liveness"]

    @staticmethod
    def restricted(spec):
        """The pod security standard `restricted`, and a file system that cannot be written to."""
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
        for container in spec["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False and context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}

    def alone_or_joined(self):
        """One pod with its data, which goes before its successor comes; or pods that Redis joins."""
        spec = self.deployment["spec"]
        joined = any(one["name"] == "SCANGATE_BROKER_URL" for one in self.container["env"])
        mounts = {mount["name"]: mount["mountPath"] for mount in self.container["volumeMounts"]}
        if joined:
            assert spec["strategy"]["type"] == "RollingUpdate" and "data" not in mounts
            assert bool(self.all("HorizontalPodAutoscaler")) != ("replicas" in spec)
            assert self.one("PodDisruptionBudget")["spec"]["maxUnavailable"]
        else:
            assert spec["strategy"] == {"type": "Recreate"} and spec["replicas"] == 1 and mounts["data"] == "/data"
            assert not self.all("PodDisruptionBudget") and not self.all("HorizontalPodAutoscaler")
        for one in self.all("HorizontalPodAutoscaler") + self.all("PodDisruptionBudget"):
            target = one["spec"].get("scaleTargetRef", {}).get("name") or one["spec"]["selector"]["matchLabels"]
            assert target in (self.deployment["metadata"]["name"], spec["selector"]["matchLabels"])

    def policy(self):
        for policy in self.all("NetworkPolicy"):
            spec = policy["spec"]
            assert spec["podSelector"]["matchLabels"].items() <= self.pod["metadata"]["labels"].items()
            assert [rule["ports"][0]["port"] for rule in spec["ingress"]] == ["public", "push", "ops"]
            assert all(rule["from"] for rule in spec["ingress"][1:]), "push or ops stand open"
            assert {"port": 53, "protocol": "UDP"} in spec["egress"][0]["ports"]

    def test_pod(self):
        """There where a round trip can be done, and pointed at Services that exist."""
        names = [one["name"] for one in self.container["env"]]
        keys = [name.removesuffix("_FILE") for name in names]
        pods = self.all("Pod")
        assert bool(pods) == ("SCANGATE_OPS_API_KEY" in keys and "SCANGATE_PUSH_SECRET" in keys)
        for pod in pods:
            self.restricted(pod["spec"])
            (container,) = pod["spec"]["containers"]
            assert container["image"] == self.container["image"] and container["args"][0] == "probe"
            words = dict(word.removeprefix("--").split("=", 1) for word in container["args"][1:])
            for flag in ("ops", "push", "public"):
                host, _, port = words[flag].rpartition("/")[2].rpartition(":")
                assert self.service(host)["spec"]["ports"][0]["port"] == int(port), words
            if words["public"].startswith("https:"):
                (public,) = [one for one in self.all("ConfigMap") if "scangate.toml" in one["data"]]
                assert f'"https://{words["tls-name"]}"' in public["data"]["scangate.toml"]
                assert words["roots"].startswith(container["volumeMounts"][0]["mountPath"])


def secret(name):
    return SECRETS.get(name.removeprefix("SCANGATE_"), "whatever-it-is")


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
