"""Time `distinct` on 10,000 words, 1,000 of them different."""

import random
import timeit

from distinct import distinct

words = [f"word{number % 1_000}" for number in range(10_000)]
random.Random(7).shuffle(words)
best = min(timeit.repeat(lambda: distinct(words), number=1, repeat=5))
print(f"best of 5: {best * 1000:.3f} ms")
