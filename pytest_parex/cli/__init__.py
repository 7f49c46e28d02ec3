"""The `parex` command: what can be said about specs and stored runs without pytest; one file per verb.

It starts pytest (`parex run`) and never imports it.
"""

from pytest_parex.cli.group import main

__all__ = ["main"]
