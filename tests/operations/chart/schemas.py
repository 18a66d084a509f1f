"""The schemas that kubeconform judges by: of Kubernetes, and of the Prometheus operator."""

import json
import pathlib
import subprocess

import kubernetes_validate

# The project's own definitions, as its Go module has them.
OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
CUSTOM = {"ServiceMonitor": "servicemonitors", "PrometheusRule": "prometheusrules"}


def place(folder, versions):
    """Puts all schemas into a folder; returns the locations to give kubeconform."""
    folder = pathlib.Path(folder)
    packaged = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    for version in versions:
        home = folder / f"v{version}-strict"
        home.mkdir()
        for file in (packaged / f"v{version}-local-strict").glob("*.json"):
            # They refer to each other by names under a host. Here they lie side by side.
            schema = json.loads(file.read_text().replace('"/api/_definitions.json#', '"_definitions.json#'))
            schema.pop("$id", None)
            (home / file.name).write_text(json.dumps(schema))
    for kind, plural in CUSTOM.items():
        definition = json.loads((operator() / f"jsonnet/prometheus-operator/{plural}-crd.json").read_text())
        (version,) = definition["spec"]["versions"]
        schema = closed(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        (folder / f"{kind.lower()}-monitoring-{version['name']}.json").write_text(json.dumps(schema))
    return [
        f"{folder}/{{{{.NormalizedKubernetesVersion}}}}{{{{.StrictSuffix}}}}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
        f"{folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
    ]


def operator():
    """Where the Go module of the Prometheus operator lies."""
    answer = subprocess.run(["go", "mod", "download", "-json", OPERATOR], capture_output=True, text=True)
    module = json.loads(answer.stdout or "{}")
    assert "Dir" in module, f"{OPERATOR} is not to be had: {module.get('Error') or answer.stderr}"
    return pathlib.Path(module["Dir"])


def closed(schema):
    """The same, refusing members that it does not name, as an API server would drop them."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(part) for key, part in schema.items()}
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and not open_ended:
        schema.setdefault("additionalProperties", False)
    return schema
