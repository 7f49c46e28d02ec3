"""The rest of the provider, shared by processes."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_parex.model import Event, Place
from pytest_parex.store import Cooldown, Run, wait_until_allowed
from pytest_parex.store.cooldown import FILE, LONGEST_ASKED_S, REHEARSED_S

Start = Callable[..., subprocess.Popen[str]]

WAIT = """
import sys
from pathlib import Path
from pytest_parex.store import Cooldown
Cooldown(Path(sys.argv[1])).wait_until_allowed(lambda left: print("waiting", flush=True))
print("allowed", flush=True)
"""


def set_until(run: Run, until: float) -> None:
    (run.directory / ".locks" / FILE).write_text(json.dumps({"until": until, "failures": 1}))


def test_nobody_waits_before_anything_has_happened(run: Run) -> None:
    told: list[float] = []

    Cooldown(run.directory).wait_until_allowed(told.append)

    assert told == []


def test_another_process_waits_until_the_rest_is_over(run: Run, start: Start) -> None:
    Cooldown(run.directory).hold_back(3600)
    waiting = start(WAIT, run.directory)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "waiting\n"

    set_until(run, time.time())

    assert waiting.communicate()[0] == "allowed\n"


def test_a_rest_that_becomes_longer_is_told_again(run: Run, start: Start) -> None:
    Cooldown(run.directory).hold_back(1800)
    waiting = start(WAIT, run.directory)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "waiting\n"

    Cooldown(run.directory).hold_back(3600)

    assert waiting.stdout.readline() == "waiting\n"


def test_an_interrupt_ends_the_wait(run: Run, start: Start) -> None:
    Cooldown(run.directory).hold_back(3600)
    waiting = start(WAIT, run.directory)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "waiting\n"

    waiting.send_signal(signal.SIGINT)

    assert "KeyboardInterrupt" in waiting.communicate()[0]


def test_the_later_of_two_times_wins(run: Run) -> None:
    cooldown = Cooldown(run.directory)

    cooldown.hold_back(3600)
    cooldown.hold_back(10)

    assert cooldown.left_s() > 3000


def test_without_a_time_of_the_providers_the_rest_doubles_with_every_failure_in_a_row(run: Run) -> None:
    cooldown = Cooldown(run.directory, first_s=1000, longest_s=7000)
    found = []
    for _ in range(5):
        cooldown.hold_back()
        found.append(round(cooldown.left_s(), -2))
        failures = json.loads((run.directory / ".locks" / FILE).read_text())["failures"]
        (run.directory / ".locks" / FILE).write_text(json.dumps({"until": 0, "failures": failures}))

    assert found == [1000, 2000, 4000, 7000, 7000]


def test_failures_that_were_under_way_when_the_rest_began_do_not_double_it(run: Run) -> None:
    cooldown = Cooldown(run.directory, first_s=1000, longest_s=99_000)

    for _ in range(7):
        cooldown.hold_back()

    assert cooldown.left_s() <= 1000


def test_an_answer_ends_the_row_of_failures_but_not_the_rest(run: Run) -> None:
    cooldown = Cooldown(run.directory, first_s=1000, longest_s=99_000)
    cooldown.hold_back()

    cooldown.answered()

    assert cooldown.left_s() > 900
    set_until(run, 0)
    cooldown.answered()
    cooldown.hold_back()
    assert cooldown.left_s() <= 1000


@pytest.mark.parametrize("asked", [1e12, float("inf")])
def test_no_provider_can_hold_a_run_back_for_ever(run: Run, asked: float) -> None:
    cooldown = Cooldown(run.directory)

    cooldown.hold_back(asked)

    assert 0 < cooldown.left_s() <= LONGEST_ASKED_S


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"until": "soon", "failures": 1}'])
def test_a_damaged_file_holds_nobody_back(run: Run, damage: str) -> None:
    cooldown = Cooldown(run.directory)
    cooldown.hold_back(3600)
    (run.directory / ".locks" / FILE).write_text(damage)

    assert cooldown.left_s() == 0


def test_a_wait_for_the_provider_is_journalled(run: Run, tmp_path: Path) -> None:
    told: list[Event] = []

    def listen(event: Event) -> None:
        told.append(event)
        set_until(run, 0)

    writer = run.begin(run.plan.trials[0], listen=listen)
    place = Place(run.plan, writer.trial, 1, tmp_path, {}, writer.directory, writer.emit)
    Cooldown.of(place.plan, run.directory).hold_back(3600)

    wait_until_allowed(place)

    (event,) = told
    assert event.name == "cooling-down"
    assert 3000 < event.data["until_s"] <= 3600


def test_in_a_rehearsal_the_rest_does_not_grow_but_a_script_may_ask_for_a_longer_one(run: Run) -> None:
    cooldown = Cooldown.of(run.plan.model_copy(update={"rehearsal": "script.yaml"}), run.directory)
    for failures in range(5):
        (run.directory / ".locks").mkdir(exist_ok=True)
        (run.directory / ".locks" / FILE).write_text(json.dumps({"until": 0, "failures": failures}))
        cooldown.hold_back()
        assert cooldown.left_s() <= REHEARSED_S

    cooldown.hold_back(3600)

    assert cooldown.left_s() > 3000
