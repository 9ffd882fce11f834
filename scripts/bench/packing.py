"""Measures what packing saves, on lengths like LongWriter-6k's: ``LONG_ROWS CHAT_ROWS_PER_LONG CAPACITY BATCH``.

Prints one JSON line for each way to make batches of each mix of rows.
"""

import json
import math
import random
import sys
import time
from collections.abc import Callable, Sequence

from longwriter_trainer.packing import pack, pack_next_fit, padding_share

SEED = 42
GPUS = 8

# Tokens of LongWriter-6k's rows (mean, standard deviation, least, most); chat rows are made up to be short.
LONG = (5009, 2933, 117, 30354)
CHAT = (300, 250, 16, 4096)


def draw_lengths(count: int, shape: tuple[int, int, int, int], seed: int) -> list[int]:
    """Draws lengths from a log-normal distribution; what falls outside of its bounds is drawn again."""
    mean, deviation, least, most = shape
    variance = math.log(1 + (deviation / mean) ** 2)
    generator = random.Random(seed)
    lengths: list[int] = []
    while len(lengths) < count:
        length = round(generator.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance)))
        if least <= length <= most:
            lengths.append(length)
    return lengths


def padded_batches(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Cuts the rows, in their order, into batches of one size."""
    rows = range(len(lengths))
    return [list(rows[start : start + size]) for start in range(0, len(lengths), size)]


def measure(mix: str, lengths: list[int], capacity: int, batch: int) -> None:
    """Prints what each way comes to for one mix."""
    ways: dict[str, tuple[Callable[[], list[list[int]]], int | None]] = {
        "ours": (lambda: pack(lengths, capacity), capacity),
        "released next-fit": (lambda: pack_next_fit(lengths, capacity, GPUS), capacity),
        f"padded batches of {batch}": (lambda: padded_batches(lengths, batch), None),
    }
    for way, (make, room) in ways.items():
        started_at = time.perf_counter()
        batches = make()
        seconds = time.perf_counter() - started_at
        result = {
            "mix": mix,
            "way": way,
            "rows": len(lengths),
            "batches": len(batches),
            "lost": len(lengths) - sum(map(len, batches)),
            "padding": padding_share(batches, lengths, room),
            "seconds": seconds,
        }
        print(json.dumps(result), flush=True)


def main() -> None:
    """Measures LongWriter-6k's lengths alone, and mixed with chat rows."""
    long_rows, chat_rows, capacity, batch = map(int, sys.argv[1:5])
    long = draw_lengths(long_rows, LONG, SEED)
    measure("long rows", long, capacity, batch)
    mixed = long + draw_lengths(long_rows * chat_rows, CHAT, SEED + 1)
    random.Random(SEED).shuffle(mixed)
    measure("long and chat rows", mixed, capacity, batch)


if __name__ == "__main__":
    main()
