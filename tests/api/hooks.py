"""What schemathesis cannot read in the document."""

import schemathesis


@schemathesis.hook
def map_body(context, body):
    """Whole numbers are written without a point here; to JSON Schema 1.0 is an integer too."""
    if isinstance(body, float) and body.is_integer():
        return int(body)
    if isinstance(body, list):
        return [map_body(context, item) for item in body]
    if isinstance(body, dict):
        return {name: map_body(context, value) for name, value in body.items()}
    return body
