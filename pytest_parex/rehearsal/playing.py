"""Which turn a request gets, and how often it has been asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_parex.rehearsal.history import Conversation
from pytest_parex.rehearsal.script import DONE, Script, Session, Turn
from pytest_parex.spec.nearest import listed, nearest


@dataclass(frozen=True)
class Part:
    """The turns that are played to one conversation."""

    turns: Sequence[Turn]
    after: Turn = DONE

    def turn(self, index: int) -> Turn:
        """The turn with this index, or what comes after the last."""
        return self.turns[index] if index < len(self.turns) else self.after


def part(script: Script, conversation: Conversation, facts: Mapping[str, str], *, subagent: bool) -> Part:
    """What a conversation is played: by its marker, else by the facts of its trial.

    A subagent without a marker is done at once: the turns of the session belong to the agent that called it.
    """
    name = conversation.script
    if name is not None:
        known = f"scripts: {listed(script.scripts)}" if script.scripts else "no `scripts`"
        turns = script.scripts.get(name)
        return (
            Part((), Turn(text=f"There is no script `{name}`; the file has {known}.")) if turns is None else Part(turns)
        )
    if subagent:
        return Part(())
    for session in script.sessions:
        if session.fits(facts):
            return Part(session.turns, session.after)
    return Part((), Turn(text=_nothing_scripted(script.sessions, facts)))


def side_answer(conversation: Conversation, played: Part) -> Turn:
    """The answer to what the program asks for itself; it takes no turn."""
    if conversation.side == "title":
        return Turn(text=json.dumps({"title": "Rehearsal"}))
    note = conversation.note(conversation.said(played.turn))
    return Turn(text=f"<analysis>Rehearsed.</analysis>\n<summary>Rehearsed. {note}</summary>")


def _nothing_scripted(sessions: Sequence[Session], facts: Mapping[str, str]) -> str:
    told = {name: text for name, text in facts.items() if name not in ("workspace", "experiment", "trial", "step")}
    when = json.dumps(told, ensure_ascii=False)
    about = ", ".join(f"{name} {text}" for name, text in told.items()) or "no facts of it are known"
    return "\n".join(
        [
            f"Nothing is scripted for this trial: {about}.",
            *_misspelt(sessions, facts),
            "Add a session for it to the rehearsal script:",
            "",
            "sessions:",
            f"  - when: {when}" if told else "  -",
            "    turns:",
            "      - text: …",
        ]
    )


def _misspelt(sessions: Sequence[Session], facts: Mapping[str, str]) -> list[str]:
    """Names in `when` that the trial does not have, and probably should."""
    found = {name: nearest(name, facts) for session in sessions for name in session.when if name not in facts}
    return [f"`when` names `{name}`; did you mean `{meant}`?" for name, meant in found.items() if meant]
