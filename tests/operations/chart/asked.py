"""Whether a rendered chart has what its values ask for, and nothing that they do not."""

import base64
import json

import yaml

from .rendered import variable


def values(chart, file):
    """The chart's own values, and over them those of a file, as helm lays them."""
    own, given = (yaml.safe_load(one.read_text()) for one in (chart / "values.yaml", file))
    return laid_over(own, given or {})


def laid_over(own, given):
    both = {key: laid_over(own[key], value) for key, value in given.items() if isinstance(own.get(key), dict)}
    return {**own, **given, **both}


def check(rendering, values, chart):
    pre_stop(rendering, values)
    secrets(rendering, values)
    volumes(rendering, values)
    spread(rendering, values)
    autoscaler(rendering, values)
    ingress(rendering, values)
    monitor(rendering, values)
    rules(rendering, values, chart)
    dashboard(rendering, values, chart)


def pre_stop(rendering, values):
    wanted = {"preStop": {"sleep": {"seconds": values["preStopSeconds"]}}}
    assert rendering.container.get("lifecycle", {}) == wanted


def secrets(rendering, values):
    """Each comes from where the values say, by name and key; what was given in the values is in a Secret of the chart's."""
    variables = {one["name"]: one for one in rendering.container["env"]}
    own, name = {}, rendering.deployment["metadata"]["name"]
    broker = values["redis"]
    sources = {variable(one): source for one, source in values["secrets"].items()}
    sources["SCANGATE_BROKER_URL"] = {"existingSecret": broker["existingSecret"], "key": broker["key"]}
    for one, source in sources.items():
        if source.get("file"):
            assert variables[f"{one}_FILE"]["value"] == source["file"], one
        elif source["existingSecret"] or source.get("value"):
            reference = {"name": source["existingSecret"] or name, "key": source["key"]}
            assert variables[one]["valueFrom"] == {"secretKeyRef": reference}, one
            if not source["existingSecret"]:
                own[source["key"]] = source["value"]
        else:
            assert "valueFrom" not in variables.get(one, {}) and f"{one}_FILE" not in variables, one
    kept = {}
    for secret in rendering.all("Secret"):
        assert secret["metadata"]["name"] == name
        kept |= {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    assert kept == own, f"the chart's Secret has {kept.keys()}, not {own.keys()}"


def volumes(rendering, values):
    """Of TLS and of Redis's roots."""
    found = {volume["name"]: volume["secret"] for volume in rendering.pod["spec"]["volumes"] if "secret" in volume}
    wanted, ca = {}, values["redis"]["ca"]
    if values["tls"]["existingSecret"]:
        wanted["tls"] = {"secretName": values["tls"]["existingSecret"]}
    if ca["existingSecret"]:
        wanted["redis-ca"] = {"secretName": ca["existingSecret"], "items": [{"key": ca["key"], "path": "ca.crt"}]}
    assert found == wanted, found


def spread(rendering, values):
    """Over what the values say, counting the pods of one version."""
    whose = {"labelSelector": rendering.deployment["spec"]["selector"], "matchLabelKeys": ["pod-template-hash"]}
    wanted = [constraint | whose for constraint in values["topologySpreadConstraints"]]
    assert wanted and rendering.pod["spec"]["topologySpreadConstraints"] == wanted


def autoscaler(rendering, values):
    asked = values["autoscaling"]
    found = [one["spec"] for one in rendering.all("HorizontalPodAutoscaler")]
    assert len(found) == asked["enabled"]
    for spec in found:
        assert (spec["minReplicas"], spec["maxReplicas"]) == (asked["minReplicas"], asked["maxReplicas"])
        wanted = []
        if asked["cpu"]["enabled"]:
            target = {"type": "Utilization", "averageUtilization": asked["cpu"]["averageUtilization"]}
            wanted.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
        if asked["connections"]["enabled"]:
            target = {"type": "AverageValue", "averageValue": str(asked["connections"]["averageValue"])}
            wanted.append({"type": "Pods", "pods": {"metric": {"name": "scangate_connections"}, "target": target}})
        assert wanted and spec["metrics"] == wanted, spec["metrics"]
        assert spec["behavior"] == asked["behavior"]


def ingress(rendering, values):
    asked = values["ingress"]
    found = rendering.all("Ingress")
    assert len(found) == asked["enabled"]
    for one in found:
        spec = one["spec"]
        assert one["metadata"]["annotations"] == asked["annotations"]
        assert spec["ingressClassName"] == asked["className"]
        assert [rule["host"] for rule in spec["rules"]] == [asked["host"]]
        assert spec["tls"] == [{"hosts": [asked["host"]], "secretName": asked["tls"]["secretName"]}]


def monitor(rendering, values):
    """It finds the pods by a Service in which also those are that drain, and calls the job what the alerts call it."""
    asked = values["serviceMonitor"]
    services = [one for one in rendering.all("Service") if component(one) == "metrics"]
    monitors = rendering.all("ServiceMonitor")
    assert len(monitors) == len(services) == asked["enabled"]
    for one, service in zip(monitors, services):
        spec, labels = one["spec"], service["metadata"]["labels"]
        (endpoint,) = spec["endpoints"]
        (port,) = service["spec"]["ports"]
        assert endpoint == {"port": port["name"], "path": "/metrics", "interval": asked["interval"]}
        assert port["targetPort"] == "ops" and service["spec"]["selector"].items() <= rendering.pod["metadata"]["labels"].items()
        assert service["spec"]["publishNotReadyAddresses"] is True and service["spec"]["clusterIP"] == "None"
        wanted = spec["selector"]["matchLabels"].items()
        assert [other for other in rendering.all("Service") if wanted <= other["metadata"]["labels"].items()] == [service]
        assert labels[spec["jobLabel"]] == "scangate" == rendering.pod["metadata"]["labels"][spec["jobLabel"]]
        assert asked["labels"].items() <= one["metadata"]["labels"].items()


def component(service):
    return service["metadata"]["labels"]["app.kubernetes.io/component"]


def rules(rendering, values, chart):
    """The file's own, with the base that was asked for before the runbooks."""
    asked = values["prometheusRule"]
    found = rendering.all("PrometheusRule")
    assert len(found) == asked["enabled"]
    text = (chart / "files/rules.yaml").read_text()
    if base := asked["runbookBase"]:
        text = text.replace("runbook_url: docs/", f"runbook_url: {base.rstrip('/')}/")
        assert f"{base.rstrip('/')}/RUNBOOKS.md#scangatedown" in text
    for one in found:
        assert one["spec"] == yaml.safe_load(text)
        assert asked["labels"].items() <= one["metadata"]["labels"].items()


def dashboard(rendering, values, chart):
    asked = values["dashboard"]
    found = [one for one in rendering.all("ConfigMap") if one["metadata"]["name"].endswith("-dashboard")]
    assert len(found) == asked["enabled"]
    for one in found:
        (text,) = one["data"].values()
        assert json.loads(text) == json.loads((chart / "files/dashboard.json").read_text())
        assert asked["labels"].items() <= one["metadata"]["labels"].items()
