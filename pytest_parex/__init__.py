"""pytest-parex: run several ways of doing one job side by side, grade them alike, and learn which is better."""

__version__ = "0.1.0"
