import pytest
from limits import limiter


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_burst_is_allowed_up_to_the_capacity(clock):
    allow = limiter(3, 1.0, clock)
    assert [allow("a") for _ in range(5)] == [True, True, True, False, False]


def test_tokens_come_back_with_time(clock):
    allow = limiter(2, 0.5, clock)
    assert allow("a")
    assert allow("a")
    clock.now += 1.9
    assert not allow("a")
    clock.now += 0.1
    assert allow("a")
    assert not allow("a")


def test_a_bucket_never_holds_more_than_its_capacity(clock):
    allow = limiter(2, 1.0, clock)
    assert allow("a")
    clock.now += 3600
    assert [allow("a") for _ in range(4)] == [True, True, False, False]


def test_clients_do_not_share_a_bucket(clock):
    allow = limiter(1, 1.0, clock)
    assert allow("a")
    assert allow("b")
    assert not allow("a")


def test_a_refused_request_costs_nothing(clock):
    allow = limiter(1, 1.0, clock)
    assert allow("a")
    for _ in range(10):
        assert not allow("a")
    clock.now += 1
    assert allow("a")
