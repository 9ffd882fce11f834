"""Supervised fine-tuning: rows, or packs of them, on TRL's trainer with a loss weighting."""

import sys
from typing import Any

import numpy as np
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import SFTConfig

from longwriter_trainer.adapters import lora_config
from longwriter_trainer.encode import Encoded
from longwriter_trainer.job import Job
from longwriter_trainer.loss import WeighedSFTTrainer
from longwriter_trainer.packing import pack, padding_share
from longwriter_trainer.reporter import RunReporter
from longwriter_trainer.training import WithoutModelCard, shared_arguments


class QuietSFTTrainer(WithoutModelCard, WeighedSFTTrainer):
    """The trainer without a model card."""


def _join(columns: dict[str, list[np.ndarray]], packs: list[list[int]]) -> dict[str, list]:
    joined: dict[str, list] = {
        name: [np.concatenate([rows[row] for row in members]) for members in packs] for name, rows in columns.items()
    }
    lengths = [len(row) for row in columns["input_ids"]]
    return joined | {"seq_lengths": [[lengths[row] for row in members] for members in packs]}


def _fill_last_step(columns: dict[str, list], batch_size: int) -> dict[str, list]:
    """Adds empty examples, without a target, up to a multiple of ``batch_size``.

    Each process then has as many micro batches of each step as the others, and accelerate has no rows to show twice.
    """
    missing = -len(columns["input_ids"]) % batch_size
    tokens = columns["input_ids"][0][:2]
    filler = {"input_ids": tokens, "labels": np.full_like(tokens, -100), "seq_lengths": [len(tokens)]}
    return {name: examples + [filler[name]] * missing for name, examples in columns.items()}


def make_sft_trainer(
    job: Job, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, encoded: Encoded, reporter: RunReporter
) -> Any:
    """Builds TRL's trainer over rows that are tokenized and masked already.

    A micro batch of rows is ``input_ids``, ``attention_mask`` and ``labels`` of shape (micro_batch_size, tokens),
    padded to its longest row. A micro batch of packs is one line of tokens, (1, tokens), without a mask: its
    ``position_ids`` begin anew with each row, and attention stays within it. -100 in ``labels`` is not in the loss.
    """
    chosen = job.hyperparameters
    columns, lengths = encoded.columns, [len(row) for row in encoded.columns["input_ids"]]
    if chosen.packing:
        packs = pack(lengths, chosen.max_length)
        columns = _join(columns, packs)
        reporter.facts |= {"packs": len(packs), "padding_share": padding_share(packs, lengths, chosen.max_length)}
        attention = model.config._attn_implementation
        if "flash" not in attention:
            print(
                f"packing with {attention} attention: its mask is dense, so packs are slower than rows and take memory "
                "with the square of max_length; flash attention needs neither",
                file=sys.stderr,
            )
    else:
        size = chosen.micro_batch_size
        batches = [range(at, min(at + size, len(lengths))) for at in range(0, len(lengths), size)]
        reporter.facts |= {"packs": None, "padding_share": padding_share(batches, lengths)}
    arguments = SFTConfig(
        **shared_arguments(job), packing=chosen.packing, dataset_kwargs={"skip_prepare_dataset": True}
    )
    return QuietSFTTrainer(
        weighting=chosen.loss_weighting,
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict(_fill_last_step(columns, chosen.batch_size)),
        processing_class=tokenizer,
        callbacks=[reporter],
        peft_config=lora_config(job.hyperparameters),
    )
