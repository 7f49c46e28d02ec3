"""An experiment → the plan of a run: its trials with stable ids and input digests, its bases, its place.

`expand` is pure; `freeze` reads the files that the spec names, and pins the bases through `repository`.
"""

from pytest_parex.planning.expanding import expand
from pytest_parex.planning.freezing import freeze
from pytest_parex.planning.names import template_names

__all__ = ["expand", "freeze", "template_names"]
