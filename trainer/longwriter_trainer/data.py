"""Rows in: reading JSONL and checking each row, before anything heavy is imported."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longwriter_trainer.failures import DataInvalid

ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff"))
COLUMNS = {"sft": ("messages",), "dpo": ("prompt", "chosen", "rejected")}


@dataclass
class Row:
    """One row and where it stands."""

    place: str
    columns: dict[str, list[dict[str, str]]]


def _check_messages(value: Any, place: str, column: str) -> None:
    if not isinstance(value, list) or not value:
        raise DataInvalid(f"{place}: {column!r} is no list of messages")
    for message in value:
        if not isinstance(message, dict) or not all(isinstance(message.get(key), str) for key in ("role", "content")):
            raise DataInvalid(f"{place}: a message of {column!r} lacks a role or content that is text")
    text = value[-1]["content"].translate(ZERO_WIDTH).strip()
    if column != "prompt" and (value[-1]["role"] != "assistant" or not text):
        raise DataInvalid(f"{place}: {column!r} does not end in an assistant message with text")


def _without_zero_width(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Removes zero-width characters from the answers, as ``train/pre_tokenize_glm4.py`` of THUDM/LongWriter does."""
    return [
        message | {"content": message["content"].translate(ZERO_WIDTH)} if message["role"] == "assistant" else message
        for message in messages
    ]


def read_rows(files: list[str], method: str) -> list[Row]:
    """Reads JSONL files, in order, and checks each row; SFT's answers lose their zero-width characters.

    Raises:
        DataInvalid: A file is missing or empty, or a line is no JSON or lacks a column; file and line are named.
    """
    rows = []
    for file in files:
        try:
            lines = Path(file).read_bytes().split(b"\n")
        except OSError as error:
            raise DataInvalid(f"{file}: {error.strerror}") from error
        before = len(rows)
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            place = f"{file}:{number}"
            try:
                record = json.loads(line)
            except ValueError as error:
                raise DataInvalid(f"{place}: no JSON: {error}") from error
            for column in COLUMNS[method]:
                if not isinstance(record, dict) or column not in record:
                    raise DataInvalid(f"{place}: no column {column!r}")
                _check_messages(record[column], place, column)
                if method == "sft":
                    record[column] = _without_zero_width(record[column])
            rows.append(Row(place, {column: record[column] for column in COLUMNS[method]}))
        if len(rows) == before:
            raise DataInvalid(f"{file}: no rows")
    return rows
