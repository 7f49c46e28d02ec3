"""Whatever bytes a variant writes: a reader finds finite numbers or says why not, and never raises."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_parex.grading import missing_reasons, read_metrics

JUNIT = (
    '<?xml version="1.0"?><testsuites time="1.5"><testsuite name="s" tests="2" failures="1" time="1">'
    '<testcase name="a" time="0.5"/><testcase name="b"><failure/></testcase></testsuite></testsuites>'
)
COBERTURA = '<?xml version="1.0"?><coverage line-rate="0.8" lines-covered="8" lines-valid="10"><packages/></coverage>'
COVERAGE_JSON = '{"totals": {"num_statements": 10, "covered_lines": 8, "num_branches": 2, "covered_branches": 1}}'

bounded = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def damaged(text: str) -> st.SearchStrategy[bytes]:
    """A report with a piece replaced by something else."""
    data = text.encode()
    place = st.integers(0, len(data))
    piece = st.one_of(
        st.binary(max_size=8), st.sampled_from([b"<", b">", b'"', b"&", b"-1", b"1e999", b"NaN", b"[", b"\0"])
    )
    return st.builds(lambda a, b, new: data[: min(a, b)] + new + data[max(a, b) :], place, place, piece)


plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(), inner, max_size=5)),
)


@given(
    content=st.one_of(
        st.binary(max_size=200),
        damaged(JUNIT),
        damaged(COBERTURA),
        damaged(COVERAGE_JSON),
        plain.map(lambda data: json.dumps(data).encode()),
    )
)
@bounded
def test_every_reader_copes_with_every_content(make_work: Callable[..., Any], content: bytes) -> None:
    work = make_work(
        metrics={
            "all": {"json": "file"},
            "one": {"json": "file", "path": "totals.num_statements"},
            "suite": {"junit": "file"},
            "coverage": {"coverage": "file"},
        }
    )
    (work.workspace / "file").write_bytes(content)
    found = read_metrics(work)
    assert all(math.isfinite(metric.value) for metric in found.values())
    missing = missing_reasons(work)
    for name in ("all", "one", "suite", "coverage"):
        assert any(key == name or key.startswith(f"{name}.") for key in (*found, *missing)), name
    assert all(reason.isprintable() for reason in missing.values())
