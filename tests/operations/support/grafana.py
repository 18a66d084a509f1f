"""The dashboard as Grafana reads it: its variables, its panels, its queries with everything put in."""

import json
import re


class Dashboard:
    def __init__(self, file):
        self.json = json.loads(file.read_text())

    def panels(self):
        """Every panel but the rows."""
        for panel in self.json["panels"]:
            yield from (panel["panels"] if panel["type"] == "row" else [panel])

    def queries(self):
        """Of each query: the panel's title, its letter, itself, its legend, and whether it asks for one moment only."""
        for panel in self.panels():
            for target in panel["targets"]:
                yield panel["title"], target["refId"], target["expr"], target["legendFormat"], target["instant"]
        for annotation in self.json["annotations"]["list"]:
            yield annotation["name"], "", annotation["expr"], annotation["titleFormat"], False

    def variables(self):
        """Name, label and series of each variable that is asked of Prometheus, in their order."""
        for variable in self.json["templating"]["list"]:
            if variable["type"] == "query":
                query = variable["query"]["query"]
                series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", query).groups()
                yield variable["name"], label, series


def filled_in(query, values):
    """The query with variables put in: a list becomes the regex that Grafana makes of several values."""
    for name, value in sorted(values.items(), reverse=True):
        if isinstance(value, list):
            escaped = [re.sub(r"[\\^$*+?.()|{}\[\]]", r"\\\\\g<0>", one) for one in value]
            value = escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
        query = query.replace(f"${{{name}}}", value).replace(f"${name}", value)
    assert "$" not in query, f"a variable that nobody knows: {query}"
    return query


def labels_in(legend):
    """The labels that a legend shows."""
    return re.findall(r"{{\s*(\w+)\s*}}", legend)
