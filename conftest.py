"""Settings of this project's own test suite: see tests/conftest.py."""

pytest_plugins = ["pytester"]
