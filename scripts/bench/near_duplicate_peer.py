# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "datatrove==0.10.1",
#   "numpy==2.4.6",
#   "regex==2026.11.19",
#   "spacy==3.8.18",
#   "tokenizers==0.23.3",
#   "xxhash==3.5.0",
# ]
# ///
"""Searches the answers of a JSONL file for near-duplicates with datatrove: ``FILE THRESHOLD GRAM_TOKENS``.

Three of datatrove's four stages (signatures, buckets, clusters) in one process; the fourth writes what is kept. It
judges by buckets alone, so the threshold is the similarity (1 / buckets) ** (1 / hashes), at which about 64 of 100
pairs are found. Prints one JSON line.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline import dedup
from loguru import logger

# As many as datatrove's defaults have, 14 buckets of 8.
HASHES = 112


def buckets_for(threshold: float) -> tuple[int, int]:
    """Buckets and hashes per bucket whose threshold is nearest, of at most 112 hashes in all."""
    choices = [(HASHES // hashes, hashes) for hashes in range(1, 29)]
    return min(choices, key=lambda choice: abs((1 / choice[0]) ** (1 / choice[1]) - threshold))


def documents(file: str) -> Iterator[Document]:
    """The last message of each row."""
    with open(file, encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            yield Document(text=json.loads(line)["messages"][-1]["content"], id=str(number))


def main() -> None:
    """Searches, and prints rows, seconds, peakMegabytes and duplicates."""
    file, threshold, gram_tokens = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    logger.remove()
    buckets, hashes = buckets_for(threshold)
    config = dedup.MinhashConfig(n_grams=gram_tokens, num_buckets=buckets, hashes_per_bucket=hashes)
    rows = 0

    def counted() -> Iterator[Document]:
        nonlocal rows
        for document in documents(file):
            rows += 1
            yield document

    with tempfile.TemporaryDirectory() as folder:
        started_at = time.perf_counter()
        dedup.MinhashDedupSignature(f"{folder}/signatures", config=config).run(counted())
        for rank in range(buckets):
            dedup.MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config).run(None, rank, buckets)
        dedup.MinhashDedupCluster(f"{folder}/buckets", f"{folder}/remove", config=config).run()
        seconds = time.perf_counter() - started_at
        # Each row to remove is a number of four bytes.
        duplicates = sum(path.stat().st_size // 4 for path in Path(folder, "remove").glob("*.remove"))
    print(
        json.dumps(
            {
                "rows": rows,
                "seconds": seconds,
                "peakMegabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                "duplicates": duplicates,
                "buckets": buckets,
                "hashes": hashes,
            }
        )
    )


if __name__ == "__main__":
    main()
