"""Kinds of panels. Each is a title, what is normal and what to do, and its queries by their legends."""

from queries import of

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24


def panel(kind, title, says, queries, width, height, style="time_series", instant=False, **rest):
    targets = [
        {
            "datasource": SOURCE,
            "editorMode": "code",
            "expr": query,
            "format": style,
            "instant": instant,
            "legendFormat": legend or "__auto",
            "range": not instant,
            "refId": chr(ord("A") + index),
        }
        for index, (legend, query) in enumerate(queries.items())
    ]
    place = {"h": height, "w": width, "x": 0, "y": 0}
    head = {"type": kind, "title": title, "description": " ".join(says.split()), "datasource": SOURCE, "gridPos": place}
    return {**head, "targets": targets, **rest}


def thresholds(*steps):
    """Colours, each from its value on; the first has none."""
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in steps]}


PLAIN = thresholds(("green", None))


def limit(value):
    """A line that the graph should stay below."""
    return thresholds(("transparent", None), ("red", value))


def figure(title, says, queries, unit, width=3, colors=PLAIN, decimals=None, moment=True, background=False):
    """One figure, or two: of the whole time that is shown, or the newest of a line behind it."""
    none = {"type": "special", "options": {"match": "null+nan", "result": {"index": 0, "text": "none"}}}
    defaults = {"unit": unit, "color": {"mode": "thresholds"}, "thresholds": colors, "mappings": [none]}
    if decimals is not None:
        defaults["decimals"] = decimals
    options = {
        "colorMode": "background" if background else "value",
        "graphMode": "none" if moment else "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "value_and_name" if len(queries) > 1 else "auto",
        "wideLayout": True,
    }
    config = {"defaults": defaults, "overrides": []}
    return panel("stat", title, says, queries, width, 4, instant=moment, fieldConfig=config, options=options)


def graph(title, says, queries, unit, width=8, line=None, stack=False, table=False, least=0, most=None, decimals=None):
    """Lines over time; `stack` for parts of a whole, `table` for a legend of many."""
    custom = {
        "drawStyle": "line",
        "fillOpacity": 25 if stack else 8,
        "lineWidth": 1,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stack else "none"},
        "thresholdsStyle": {"mode": "line" if line else "off"},
    }
    defaults = {
        "unit": unit,
        "color": {"mode": "palette-classic"},
        "custom": custom,
        "mappings": [],
        "thresholds": limit(line) if line else PLAIN,
    }
    bounds = {"min": least, "max": most, "decimals": decimals}
    defaults.update({name: value for name, value in bounds.items() if value is not None})
    legend = {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True}
    if table:
        columns = {"calcs": ["lastNotNull", "max"], "sortBy": "Max", "sortDesc": True}
        legend = {**legend, **columns, "displayMode": "table", "placement": "right"}
    options = {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    config = {"defaults": defaults, "overrides": []}
    return panel("timeseries", title, says, queries, width, 8, fieldConfig=config, options=options)


def rates(title, says, queries, **rest):
    return graph(title, says, queries, "suffix:/s", **rest)


def heatmap(title, says, metric, width):
    """Each observation by its bucket."""
    query = f"sum by (le) (increase({of(metric + '_bucket')}[$__rate_interval]))"
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"exponent": 0.5, "fill": "green", "mode": "scheme", "scale": "exponential", "scheme": "Greens", "steps": 64},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": "s"},
    }
    config = {"defaults": {"custom": {"scaleDistribution": {"type": "linear"}}}, "overrides": []}
    return panel("heatmap", title, says, {"{{le}}": query}, width, 8, "heatmap", fieldConfig=config, options=options)


def states(title, says, metric, colors, width):
    """A bar for each node, in the color of the state that it is in."""
    of_state = [of(metric, f'state="{state}"') for state in colors]
    query = " + ".join(f"{number} * max by (instance) ({series})" for number, series in enumerate(of_state, 1))
    words = {
        str(number): {"text": state, "color": color, "index": number}
        for number, (state, color) in enumerate(colors.items(), 1)
    }
    defaults = {
        "unit": "none",
        "color": {"mode": "thresholds"},
        "custom": {"fillOpacity": 80, "lineWidth": 0},
        "mappings": [{"type": "value", "options": words}],
        "thresholds": PLAIN,
    }
    options = {
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    config = {"defaults": defaults, "overrides": []}
    return panel("state-timeline", title, says, {"{{instance}}": query}, width, 8, fieldConfig=config, options=options)


def table(title, says, columns, labels, dates):
    """A line for each node. `columns` has a query each; of the first one the `labels` are shown too."""
    values = {f"Value #{chr(ord('A') + index)}": name for index, name in enumerate(columns) if name}
    order = ["instance", *labels, *values]
    organize = {
        "excludeByName": {},
        "indexByName": {name: index for index, name in enumerate(order)},
        "renameByName": {"instance": "node", **values},
    }
    transformations = [
        {"id": "joinByField", "options": {"byField": "instance", "mode": "outer"}},
        {"id": "filterFieldsByName", "options": {"include": {"names": order}}},
        {"id": "organize", "options": organize},
    ]
    date = [{"id": "unit", "value": "dateTimeAsIso"}]
    overrides = [{"matcher": {"id": "byName", "options": name}, "properties": date} for name in dates]
    custom = {"align": "left", "cellOptions": {"type": "auto"}}
    defaults = {"unit": "short", "custom": custom, "mappings": [], "thresholds": PLAIN}
    rest = {
        "fieldConfig": {"defaults": defaults, "overrides": overrides},
        "options": {"cellHeight": "sm", "showHeader": True, "sortBy": [{"desc": False, "displayName": "node"}]},
        "transformations": transformations,
    }
    shown = panel("table", title, says, columns, WIDTH, 7, "table", instant=True, **rest)
    for target in shown["targets"]:
        # Columns have their names from above.
        target["legendFormat"] = "__auto"
    return shown
