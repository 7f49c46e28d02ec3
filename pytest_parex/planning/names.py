"""What templates know of a trial."""

from __future__ import annotations

from typing import Any

from pytest_parex.model import Experiment, Trial
from pytest_parex.spec import Facts


def template_names(experiment: Experiment, trial: Trial) -> dict[str, Any]:
    """`variant`, `case`, `matrix`, `repeat`, `experiment`, `trial`; without cases there is no `case`.

    `{{ variant }}` and `{{ case }}` are names; their facts are `{{ variant.prompt }}`, `{{ case.file }}` (as the spec
    has it) and the case's own keys; `{{ matrix.model }}` is the value of an axis.
    """
    variant = experiment.variants[trial.variant]
    said = {"prompt": variant.prompt, "description": variant.description}
    names: dict[str, Any] = {
        "variant": Facts(
            trial.variant, {"name": trial.variant, **{key: text for key, text in said.items() if text is not None}}
        ),
        "matrix": Facts(", ".join(f"{axis}={value}" for axis, value in trial.matrix.items()), trial.matrix),
        "repeat": trial.repeat,
        "experiment": experiment.experiment,
        "trial": trial.id,
    }
    if trial.case is not None:
        names["case"] = Facts(trial.case, {"name": trial.case, **experiment.cases[trial.case].facts})
    return names
