"""The program's settings, as the chart's values may name them: the definition `config` of values.schema.json."""

import json
import re
import subprocess

# What the chart decides itself.
OF_THE_CHART = {"public.listen", "public.tls_cert", "public.tls_key", "push.listen", "ops.listen", "data.dir"}

# These come from a Secret, by `secrets` and `redis`.
SECRET = ("a secret", "embedded or a redis URL", "headers")

ROW = re.compile(r"\| `(?P<key>\w+)` \| .* \| (?P<values>[^|]*) \| [^|]* \| `(?P<variable>\w+)` \| [^|]* \|")


class Setting:
    """A row of the manual's tables."""

    def __init__(self, section, row):
        self.section, self.key = section, row["key"]
        self.path = f"{section}.{self.key}"
        self.values, self.variable = row["values"], row["variable"]

    @property
    def is_secret(self):
        return self.values in SECRET

    def schema(self):
        """What a value of it looks like."""
        if self.path == "log.level":
            level = "(off|error|warn|info|debug|trace)"
            directive = f"([a-z0-9_:]+=)?{level}"
            return {"type": "string", "pattern": f"^{directive}(,{directive})*$"}
        text = self.values
        kind, _, limits = text.partition(", ")
        if text == "true or false":
            return {"type": "boolean"}
        if kind in ("a whole number", "seconds", "a number"):
            number = {"type": "integer" if kind == "a whole number" else "number", "minimum": 0}
            if limits:
                low, high = (json.loads(limit) for limit in limits.split(" to "))
                number |= {"minimum": low, "maximum": high}
            return number
        if text.startswith("one of "):
            return {"enum": text.removeprefix("one of ").split(", ")}
        if text in ("text", "a path", "ADDR:PORT"):
            return {"type": "string", "minLength": 1}
        if text in ("words", "addresses or CIDRs", "same-origin, * or origins"):
            return {"type": "array", "items": {"type": "string"}}
        if self.path in ("confirm.actions", "hook.events"):
            words = text.removeprefix("actions: ").split(", ")
            return {"type": "array", "items": {"enum": words}}
        raise SystemExit(f"tests/operations/chart/settings.py does not know what {self.path} takes: {text}")


def settings(program):
    """All settings of the program."""
    manual = subprocess.run([program, "config", "--markdown"], capture_output=True, text=True, check=True).stdout
    section, found = None, []
    for line in manual.splitlines():
        if heading := re.fullmatch(r"## \[(\w+)\]", line):
            section = heading[1]
        elif row := ROW.fullmatch(line):
            found.append(Setting(section, row))
    assert len(found) > 50, "the manual's tables are not as they were"
    return found


def schema(found):
    """The definition of `config`."""
    sections = {}
    for setting in found:
        if not setting.is_secret and setting.path not in OF_THE_CHART:
            sections.setdefault(setting.section, {})[setting.key] = setting.schema()
    closed = {"type": "object", "additionalProperties": False}
    config = closed | {
        "required": ["public", "drain"],
        "properties": {name: closed | {"properties": keys} for name, keys in sections.items()},
    }
    # The time that a pod is given to go is reckoned from these.
    config["properties"]["drain"]["required"] = ["delay_seconds", "seconds"]
    return config


def to_text(config):
    """The definition, a line for each setting."""
    lines = ["{", '      "type": "object",', '      "additionalProperties": false,']
    lines.append(f'      "required": {json.dumps(config["required"])},')
    lines.append('      "properties": {')
    sections = []
    for name, section in config["properties"].items():
        keys = [f'            "{key}": {json.dumps(value)}' for key, value in section["properties"].items()]
        block = [f'        "{name}": {{', '          "type": "object",', '          "additionalProperties": false,']
        if "required" in section:
            block.append(f'          "required": {json.dumps(section["required"])},')
        block += ['          "properties": {', ",\n".join(keys), "          }", "        }"]
        sections.append("\n".join(block))
    return "\n".join([*lines, ",\n".join(sections), "      }", "    }"])
