"""How many decisions a second the limiter makes for 100 clients."""

import time

from limits import limiter

DECISIONS = 20_000

allow = limiter(10, 5.0, time.monotonic)
clients = [f"client-{number}" for number in range(100)]
best = 0.0
for _ in range(3):
    begun = time.perf_counter()
    for number in range(DECISIONS):
        allow(clients[number % 100])
    best = max(best, DECISIONS / (time.perf_counter() - begun))
print(f"decisions per second: {best:.0f}")
