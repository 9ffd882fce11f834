"""Tokens out: rendering with a chat template, what the loss counts, and what becomes of rows that are too long."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jinja2.exceptions import TemplateError

from longwriter_trainer.chat_template import renders_alike, training_template
from longwriter_trainer.data import Row
from longwriter_trainer.failures import DataInvalid

NAMED_PLACES = 5


@dataclass
class Encoded:
    """Token columns for the trainer, what they count to, and where the rows stand that were too long."""

    template: str
    columns: dict[str, list[Sequence[int]]]
    tokens: int = 0
    skipped: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows are left to train on."""
        return len(next(iter(self.columns.values())))


def encode_sft(rows: list[Row], tokenizer: Any, max_length: int, over_long: str) -> Encoded:
    """Tokenizes conversations; ``labels`` are the tokens of assistant turns with their end token, else -100.

    Args:
        rows: Rows with ``messages``.
        tokenizer: A fast tokenizer with a chat template.
        max_length: Tokens of the longest row to train on.
        over_long: ``skip`` leaves longer rows out, ``cut`` keeps their start.

    Raises:
        DataInvalid: The template refuses a row or drops the assistant's turn, or no row is left.
    """
    template = training_template(tokenizer)
    encoded = Encoded(template, {"input_ids": [], "labels": []})
    for row in rows:
        ids, mask = _render(row, tokenizer, template)
        if len(ids) > max_length:
            ids, mask = ids[:max_length], mask[:max_length]
            if over_long == "skip" or 1 not in mask:
                encoded.skipped.append(row.place)
                continue
            encoded.cut.append(row.place)
        tokens = np.array(ids, dtype=np.int32)
        encoded.columns["input_ids"].append(tokens)
        encoded.columns["labels"].append(np.where(mask, tokens, np.int32(-100)))
        encoded.tokens += len(ids)
    return _finish(encoded, max_length)


def _render(row: Row, tokenizer: Any, template: str) -> tuple[list[int], list[int]]:
    messages = row.columns["messages"]
    try:
        wanted = tokenizer.apply_chat_template(messages, tokenize=False)
        text = tokenizer.apply_chat_template(messages, tokenize=False, chat_template=template)
        output = tokenizer.apply_chat_template(
            messages, chat_template=template, return_dict=True, return_assistant_tokens_mask=True
        )
    except TemplateError as error:
        raise DataInvalid(f"{row.place}: the chat template refuses it: {error}") from error
    if not renders_alike(text, wanted, tokenizer):
        raise DataInvalid(f"{row.place}: the training template renders it unlike the model's own")
    if 1 not in output["assistant_masks"]:
        raise DataInvalid(f"{row.place}: the chat template drops the assistant's turn")
    return output["input_ids"], output["assistant_masks"]


def encode_dpo(rows: list[Row], tokenizer: Any, max_length: int, over_long: str) -> Encoded:
    """Tokenizes preference pairs into the columns ``prompt_ids``, ``chosen_ids`` and ``rejected_ids`` of TRL.

    Raises:
        DataInvalid: The template drops the assistant's turn, or no row is left.
    """
    template = training_template(tokenizer)
    encoded = Encoded(template, {"prompt_ids": [], "chosen_ids": [], "rejected_ids": []})
    for row in rows:
        prompt_ids, answers = _render_pair(row, tokenizer, template)
        room = max_length - len(prompt_ids)
        if max(map(len, answers)) > room:
            if over_long == "skip" or room < 1:
                encoded.skipped.append(row.place)
                continue
            encoded.cut.append(row.place)
            answers = [answer[:room] for answer in answers]
        for column, ids in zip(encoded.columns, (prompt_ids, *answers), strict=True):
            encoded.columns[column].append(ids)
        encoded.tokens += 2 * len(prompt_ids) + sum(map(len, answers))
    return _finish(encoded, max_length)


def _render_pair(row: Row, tokenizer: Any, template: str) -> tuple[list[int], list[list[int]]]:
    """Tokens of the prompt, and of each answer with its end token, as the same template teaches them in SFT."""

    def ids_of(messages: list[dict[str, str]], **options: Any) -> list[int]:
        try:
            output = tokenizer.apply_chat_template(messages, chat_template=template, return_dict=True, **options)
        except TemplateError as error:
            raise DataInvalid(f"{row.place}: the chat template refuses it: {error}") from error
        return output["input_ids"]

    prompt = row.columns["prompt"]
    prompt_ids = ids_of(prompt, add_generation_prompt=True)
    answers = []
    for column in ("chosen", "rejected"):
        whole = ids_of(prompt + row.columns[column])
        if len(whole) <= len(prompt_ids) or whole[: len(prompt_ids)] != prompt_ids:
            raise DataInvalid(f"{row.place}: the chat template drops or moves the assistant's turn of {column!r}")
        answers.append(whole[len(prompt_ids) :])
    return prompt_ids, answers


def _finish(encoded: Encoded, max_length: int) -> Encoded:
    if os.environ.get("RANK", "0") == "0":
        for what, places in (("skipped", encoded.skipped), ("cut", encoded.cut)):
            if places:
                named = ", ".join(places[:NAMED_PLACES]) + (", ..." if len(places) > NAMED_PLACES else "")
                print(f"{what} {len(places)} rows longer than max_length {max_length}: {named}")
    if not encoded.rows:
        raise DataInvalid(f"every row ({len(encoded.skipped)}) is longer than max_length {max_length}: raise maxLength")
    return encoded
