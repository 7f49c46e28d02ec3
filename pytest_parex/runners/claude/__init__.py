"""The runner `claude`: agent sessions by claude-agent-sdk, contained, bounded, priced and recorded.

`runner.py` is called by the trial; it starts `driver.py` in a process of its own, which drives the sessions. They speak
through files: `request.py` is what is asked, `record.py` what has happened.
"""

from pytest_parex.runners.claude.runner import ClaudeRunner

__all__ = ["ClaudeRunner"]
