"""A spec file (YAML or JSON) → an experiment, with all faults at once and each where it stands; and its templates.

The way of a file: `document` reads it with positions, `overrides` and `completing` finish its data, `validation` checks
the form, `rules` what its parts demand of each other. `reading` is the whole of it, in that order.
"""

from pytest_parex.spec.matrix import is_excluded, points
from pytest_parex.spec.reading import Spec, fault_in, load, read
from pytest_parex.spec.schema import schema
from pytest_parex.spec.slash_commands import is_slash_command, slash_command
from pytest_parex.spec.slugs import slug
from pytest_parex.spec.templates import LATER, Facts, check_template, render, render_options

__all__ = [
    "LATER",
    "Facts",
    "Spec",
    "check_template",
    "fault_in",
    "is_excluded",
    "is_slash_command",
    "load",
    "points",
    "read",
    "render",
    "render_options",
    "schema",
    "slash_command",
    "slug",
]
