"""Tokens out: rendering with the model's chat template, and what the loss counts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longwriter_trainer.data import Row
from longwriter_trainer.failures import DataInvalid

TEMPLATES = Path(__file__).parent / "templates"
PROBE = [
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Two."},
    {"role": "user", "content": "Three?"},
    {"role": "assistant", "content": "Four."},
]


@dataclass
class Encoded:
    """Token columns for the trainer, and what they count to."""

    columns: dict[str, list[list[int]]]
    skipped: int = 0
    tokens: int = 0

    @property
    def rows(self) -> int:
        """How many rows are left to train on."""
        return len(next(iter(self.columns.values())))


def training_template(tokenizer: Any) -> str:
    """Finds a template with generation marks that renders exactly what the model's own template renders.

    The model's own is taken if it has the marks; then one that this package ships; then the one that TRL knows.

    Raises:
        DataInvalid: None does: the loss could not tell the answer from the prompt.
    """
    own = tokenizer.chat_template
    if not isinstance(own, str):
        raise DataInvalid("the base model has no chat template")
    if "{% generation" in own or "{%- generation" in own:
        return own
    candidates = [path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.jinja"))]
    wanted = tokenizer.apply_chat_template(PROBE, tokenize=False)
    for candidate in candidates:
        if tokenizer.apply_chat_template(PROBE, tokenize=False, chat_template=candidate) == wanted:
            return candidate
    from trl.chat_template_utils import get_training_chat_template

    try:
        known = get_training_chat_template(tokenizer)
    except ValueError:
        known = None
    if known and tokenizer.apply_chat_template(PROBE, tokenize=False, chat_template=known) == wanted:
        return known
    raise DataInvalid("no training template renders what the base model's chat template renders: add one to templates/")


def encode_sft(rows: list[Row], tokenizer: Any, max_length: int, over_long: str) -> Encoded:
    """Tokenizes conversations; ``labels`` are the tokens of assistant turns with their end token, else -100.

    Args:
        rows: Rows with ``messages``.
        tokenizer: A fast tokenizer with a chat template.
        max_length: Tokens of the longest row to train on.
        over_long: ``skip`` leaves longer rows out, ``cut`` keeps their start.

    Raises:
        DataInvalid: The template drops the assistant's turn, or no row is left.
    """
    template = training_template(tokenizer)
    encoded = Encoded({"input_ids": [], "labels": []})
    for row in rows:
        messages = row.columns["messages"]
        text = tokenizer.apply_chat_template(messages, tokenize=False)
        if tokenizer.apply_chat_template(messages, tokenize=False, chat_template=template) != text:
            raise DataInvalid(f"{row.place}: the training template renders it unlike the model's own")
        output = tokenizer.apply_chat_template(
            messages, chat_template=template, return_dict=True, return_assistant_tokens_mask=True
        )
        ids, mask = output["input_ids"], output["assistant_masks"]
        if 1 not in mask:
            raise DataInvalid(f"{row.place}: the chat template drops the assistant's turn")
        if len(ids) > max_length:
            ids, mask = ids[:max_length], mask[:max_length]
            if over_long == "skip" or 1 not in mask:
                encoded.skipped += 1
                continue
        encoded.columns["input_ids"].append(ids)
        encoded.columns["labels"].append([token if wanted else -100 for token, wanted in zip(ids, mask, strict=True)])
        encoded.tokens += len(ids)
    return _not_empty(encoded, max_length)


def encode_dpo(rows: list[Row], tokenizer: Any, max_length: int, over_long: str) -> Encoded:
    """Tokenizes preference pairs into the columns ``prompt_ids``, ``chosen_ids`` and ``rejected_ids`` of TRL.

    Raises:
        DataInvalid: The template drops the assistant's turn, or no row is left.
    """
    encoded = Encoded({"prompt_ids": [], "chosen_ids": [], "rejected_ids": []})
    for row in rows:
        prompt = row.columns["prompt"]
        prompt_ids = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=True)["input_ids"]
        answers = []
        for column in ("chosen", "rejected"):
            whole = tokenizer.apply_chat_template(prompt + row.columns[column], return_dict=True)["input_ids"]
            if len(whole) <= len(prompt_ids) or whole[: len(prompt_ids)] != prompt_ids:
                raise DataInvalid(f"{row.place}: the chat template drops or moves the assistant's turn of {column!r}")
            answers.append(whole[len(prompt_ids) :])
        room = max_length - len(prompt_ids)
        if max(map(len, answers)) > room:
            if over_long == "skip" or room < 1:
                encoded.skipped += 1
                continue
            answers = [answer[:room] for answer in answers]
        for column, ids in zip(encoded.columns, (prompt_ids, *answers), strict=True):
            encoded.columns[column].append(ids)
        encoded.tokens += 2 * len(prompt_ids) + sum(map(len, answers))
    return _not_empty(encoded, max_length)


def _not_empty(encoded: Encoded, max_length: int) -> Encoded:
    if not encoded.rows:
        raise DataInvalid(f"every row ({encoded.skipped}) is longer than max_length {max_length}")
    return encoded
