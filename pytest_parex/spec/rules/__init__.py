"""What the parts of a spec demand of each other and of the files beside it; one file per subject.

Every rule is a function that is given a `Subject` and yields faults.
"""

from pytest_parex.spec.rules.comparison import metrics_are_known, references_are_known
from pytest_parex.spec.rules.files import files_exist, patterns_stay_inside
from pytest_parex.spec.rules.names import environment_is_usable, names_are_slugs, work_is_said_once
from pytest_parex.spec.rules.points import matrix_makes_sense
from pytest_parex.spec.rules.subject import Subject
from pytest_parex.spec.rules.texts import templates_can_be_filled

__all__ = [
    "Subject",
    "environment_is_usable",
    "files_exist",
    "matrix_makes_sense",
    "metrics_are_known",
    "names_are_slugs",
    "patterns_stay_inside",
    "references_are_known",
    "templates_can_be_filled",
    "work_is_said_once",
]
