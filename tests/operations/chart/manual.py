"""The chart's table of values, made from values.yaml and its comments."""

import json

import yaml

HEAD = "| value | meaning | default |\n|---|---|---|\n"


def table(text):
    """A row for each value that has a comment of its own; what stands below one without comments is part of it."""
    lines = text.splitlines()
    rows = []
    walk(yaml.compose(text), "", lines, rows)
    return HEAD + "".join(f"| `{path}` | {meaning} | {default} |\n" for path, meaning, default in rows)


def walk(node, prefix, lines, rows):
    for key, value in node.value:
        path = prefix + key.value
        if is_told_in_parts(key, value, lines):
            walk(value, f"{path}.", lines, rows)
            continue
        meaning = comment(key, lines)
        assert meaning, f"values.yaml does not say what {path} is"
        rows.append((path, meaning.replace("|", "\\|"), default(value)))


def is_told_in_parts(key, value, lines):
    """Whether anything below has a comment of its own."""
    if not isinstance(value, yaml.MappingNode) or value.start_mark.line == key.start_mark.line:
        return False
    return any(comment(part, lines) or is_told_in_parts(part, below, lines) for part, below in value.value)


def comment(key, lines):
    """The comment lines right above a key."""
    words = []
    for line in reversed(lines[: key.start_mark.line]):
        if not line.strip().startswith("#"):
            break
        words.insert(0, line.strip().removeprefix("#").strip())
    return " ".join(words)


def default(node):
    value = yaml.safe_load(yaml.serialize(node))
    if value in ("", None, [], {}):
        return "" if value in ("", None) else f"`{json.dumps(value)}`"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"
