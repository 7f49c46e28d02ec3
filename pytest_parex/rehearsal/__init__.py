"""Rehearsals: a scripted stand-in for the model, so that the real agent program can be run without an account.

A script (`script`, read by `reading`) says what the model answers. `facts` carries a trial's facts to the server as
headers, `history` finds out how far a conversation is, `playing` chooses the turn, `answers` words it for the Messages
API, and `server` sends it. `ScriptedModel` is the whole of it. `recording` makes a script of what a real session said.
"""

from pytest_parex.rehearsal.facts import environment
from pytest_parex.rehearsal.reading import read_script
from pytest_parex.rehearsal.recording import as_script
from pytest_parex.rehearsal.requests import Request
from pytest_parex.rehearsal.script import Script
from pytest_parex.rehearsal.scripted_model import ScriptedModel

__all__ = ["Request", "Script", "ScriptedModel", "as_script", "environment", "read_script"]
