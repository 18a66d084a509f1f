"""A real Prometheus, for as long as a check runs."""

import json
import urllib.parse

from host import Program, eventually, free_address, request

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: scangate
    static_configs: [{{targets: {targets}}}]
"""


class Prometheus(Program):
    """Scrapes the targets each second, and keeps what it has in `folder`."""

    def __init__(self, folder, targets, rules):
        configuration = folder / "prometheus.yml"
        configuration.write_text(CONFIGURATION.format(rules=rules, targets=json.dumps(targets)))
        self.address = free_address()
        super().__init__(
            [
                "prometheus",
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self.address}",
            ]
        )
        self.says("Server is ready")
        eventually("all nodes are scraped", lambda: self.number("sum(up)") == len(targets))

    def get(self, path, **parameters):
        """The `data` of an answer. An error of the query is raised with its text."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        _, text = request(url)
        answer = json.loads(text)
        if answer["status"] != "success":
            raise ValueError(answer["error"])
        return answer["data"]

    def number(self, query):
        """The value of a query that gives one; None without one."""
        result = self.get("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None
