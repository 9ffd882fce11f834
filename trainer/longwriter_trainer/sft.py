"""Supervised fine-tuning: the mean loss over all target tokens of the global batch (the paper's ``token``)."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import SFTConfig, SFTTrainer

from longwriter_trainer.adapters import lora_config
from longwriter_trainer.encode import Encoded
from longwriter_trainer.job import Job
from longwriter_trainer.reporter import RunReporter
from longwriter_trainer.training import WithoutModelCard, shared_arguments


class QuietSFTTrainer(WithoutModelCard, SFTTrainer):
    """TRL's SFTTrainer without a model card."""


def make_sft_trainer(
    job: Job, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, encoded: Encoded, reporter: RunReporter
) -> Any:
    """Builds TRL's trainer over rows that are tokenized and masked already.

    A micro batch is ``input_ids``, ``attention_mask`` and ``labels`` of shape (micro_batch_size, tokens), padded to its
    longest row; -100 in ``labels`` is not in the loss. Rows are not packed: without flash attention that is slower.
    """
    arguments = SFTConfig(**shared_arguments(job), packing=False, dataset_kwargs={"skip_prepare_dataset": True})
    return QuietSFTTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict(encoded.columns),
        processing_class=tokenizer,
        callbacks=[reporter],
        peft_config=lora_config(job.hyperparameters),
    )
