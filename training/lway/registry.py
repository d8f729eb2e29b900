"""Checks models.json against the product's own schema (registry.schema.json)."""
import json
import os

import jsonschema

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "registry.schema.json")


def check(listed):
    """ValueError with the entry and the field where `listed` is no list that the product reads."""
    with open(SCHEMA) as f:
        schema = json.load(f)
    kinds = {k["properties"]["kind"]["const"]: k for k in schema["properties"]["models"]["items"]["oneOf"]}
    head = {**schema, "properties": {**schema["properties"], "models": {"type": "array"}}}
    _first(head, listed, "the list")
    for entry in listed["models"]:
        kind = entry.get("kind")
        if kind not in kinds:
            raise ValueError(f"{entry.get('id')}: there is no kind {kind!r}, only {', '.join(sorted(kinds))}")
        # By its kind, so that the message is about the field and not about seven alternatives.
        _first(kinds[kind], entry, entry.get("id"))


def _first(schema, value, name):
    error = jsonschema.exceptions.best_match(jsonschema.Draft7Validator(schema).iter_errors(value))
    if error is not None:
        raise ValueError(f"{name}: {error.json_path}: {error.message}")
