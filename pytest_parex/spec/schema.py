"""The JSON Schema of spec files, for editors."""

from __future__ import annotations

from typing import Any

from pytest_parex.model import Experiment


def schema() -> dict[str, Any]:
    """The schema of a spec file, made from the models that files are validated against."""
    found = Experiment.model_json_schema(by_alias=True, mode="validation")
    found["required"] = ["variants"]  # the name of the experiment is the file's, if it does not say another
    cases = found["properties"]["cases"]
    by_name = {key: cases.pop(key) for key in ("type", "additionalProperties")}
    cases["anyOf"] = [by_name, {"type": "string", "description": "A glob of files beside the spec."}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Spec of a pytest-parex experiment",
        **{key: value for key, value in found.items() if key != "title"},
    }
