import pytest
from distinct import distinct


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        (["a"], ["a"]),
        (["b", "a", "b", "c", "a"], ["b", "a", "c"]),
        (["x"] * 1000, ["x"]),
    ],
)
def test_keeps_the_first_of_each_in_order(values, expected):
    assert distinct(values) == expected


def test_leaves_its_argument_alone():
    values = ["b", "a", "b"]
    distinct(values)
    assert values == ["b", "a", "b"]
