"""A sealed folder for one trial: made as a journalled transaction, filled, set up, and taken away without loss."""

from pytest_parex.workspace.capturing import capture, rescue, settle
from pytest_parex.workspace.creation import create
from pytest_parex.workspace.environment import secrets, variant_environment
from pytest_parex.workspace.going_on import take_over
from pytest_parex.workspace.place import Workspace
from pytest_parex.workspace.removal import Outcome, Removal, remove
from pytest_parex.workspace.setup import setup

__all__ = [
    "Outcome",
    "Removal",
    "Workspace",
    "capture",
    "create",
    "remove",
    "rescue",
    "secrets",
    "settle",
    "setup",
    "take_over",
    "variant_environment",
]
