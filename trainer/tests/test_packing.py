import math
import random

import pytest

from longwriter_trainer.packing import pack, pack_next_fit, padding_share

CAPACITY = 32768


def longwriter_6k_lengths():
    """6,000 lengths with the mean, spread and ends that ms-swift measured of LongWriter-6k (GLM-4 tokens a row)."""
    mean, spread = 5009, 2933
    sigma = math.sqrt(math.log(1 + (spread / mean) ** 2))
    draw = random.Random(6)
    drawn = (draw.lognormvariate(math.log(mean) - sigma**2 / 2, sigma) for _ in range(5998))
    return [30354, *(min(30354, max(117, round(length))) for length in drawn), 117]


def test_every_row_is_in_one_pack_and_no_pack_overflows():
    lengths = longwriter_6k_lengths()
    packs = pack(lengths, CAPACITY)
    assert sorted(row for rows in packs for row in rows) == list(range(len(lengths)))
    assert max(sum(lengths[row] for row in rows) for rows in packs) <= CAPACITY
    assert packs == pack(lengths, CAPACITY)


def test_at_most_two_percent_of_longwriter_6ks_packs_is_padding_and_the_released_packing_loses_rows():
    lengths = longwriter_6k_lengths()
    assert padding_share(pack(lengths, CAPACITY), lengths, CAPACITY) <= 0.02
    released = pack_next_fit(lengths, CAPACITY, gpus=8)
    assert padding_share(released, lengths, CAPACITY) > 0.05
    assert len(released) % 8 == 0 and sum(map(len, released)) < len(lengths)


@pytest.mark.parametrize(
    ("lengths", "packs"),
    [
        ([], []),
        ([10], [[0]]),
        ([5, 5, 5], [[0, 1], [2]]),
        ([1, 6, 4, 9], [[3, 0], [1, 2]]),
        ([3, 7, 6, 4], [[1, 0], [2, 3]]),
    ],
)
def test_a_row_goes_where_it_leaves_the_least_room(lengths, packs):
    assert pack(lengths, 10) == packs


@pytest.mark.parametrize("length", [0, 11])
def test_a_row_that_no_pack_can_hold_is_refused(length):
    with pytest.raises(ValueError, match=f"row 1 has {length} tokens"):
        pack([5, length], 10)


def test_the_released_packing_goes_in_file_order_and_drops_its_last_packs():
    assert pack_next_fit([6, 5, 5, 6, 3, 9], 10, gpus=1) == [[0], [1, 2], [3, 4]]
    assert pack_next_fit([6, 5, 5, 6, 3, 9], 10, gpus=2) == [[0], [1, 2]]
    assert pack_next_fit([1, 2], 10, gpus=1) == []


def test_padding_is_what_is_computed_for_nothing():
    lengths = [2, 8, 10]
    assert padding_share([[0, 1], [2]], lengths, 10) == 0
    assert padding_share([[0], [1], [2]], lengths, 10) == pytest.approx(1 / 3)
    assert padding_share([[0, 1], [2]], lengths) == pytest.approx(6 / 26)
    assert padding_share([], [], 10) == 0
