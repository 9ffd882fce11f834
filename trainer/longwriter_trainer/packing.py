"""Which rows share a pack, and what share of the tokens that are computed is padding."""

from bisect import bisect_left, insort
from collections.abc import Sequence


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Packs every row, by best-fit decreasing: the longest first, each where it leaves the least room.

    Args:
        lengths: Tokens of each row, from 1 to ``capacity``.
        capacity: Tokens that a pack holds.

    Returns:
        For each pack the numbers of its rows. Each row is in one pack; the same lengths give the same packs.

    Raises:
        ValueError: A row does not fit in any pack.
    """
    packs: list[list[int]] = []
    rooms: list[tuple[int, int]] = []  # (tokens left, pack), ascending
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        length = lengths[row]
        if not 0 < length <= capacity:
            raise ValueError(f"row {row} has {length} tokens, expected 1 to {capacity}")
        best = bisect_left(rooms, (length, -1))
        if best < len(rooms):
            room, number = rooms.pop(best)
        else:
            room, number = capacity, len(packs)
            packs.append([])
        packs[number].append(row)
        if room > length:
            insort(rooms, (room - length, number))
    return packs


def pack_next_fit(lengths: Sequence[int], capacity: int, gpus: int) -> list[list[int]]:
    """Packs as the released code does, which loses rows: for comparison only.

    A row joins the open pack or closes it; the last pack is never saved, and packs are cut to a multiple of ``gpus``
    (``train/sort_and_group.py`` and ``LMPackDataset`` of THUDM/LongWriter at ``3fcfdff``).
    """
    packs: list[list[int]] = [[]]
    room = capacity
    for row, length in enumerate(lengths):
        if length > room:
            packs.append([])
            room = capacity
        packs[-1].append(row)
        room -= length
    return packs[: (len(packs) - 1) // gpus * gpus]


def padding_share(batches: Sequence[Sequence[int]], lengths: Sequence[int], capacity: int | None = None) -> float:
    """Returns the share, from 0 to 1, of computed tokens that are padding.

    Args:
        batches: The numbers of the rows of each pack, or of each padded batch.
        lengths: Tokens of each row.
        capacity: Tokens of each pack; None where each row is padded to the longest of its batch instead.
    """
    used = sum(lengths[row] for batch in batches for row in batch)
    if capacity is None:
        computed = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
    else:
        computed = len(batches) * capacity
    return 1 - used / computed if computed else 0.0
