"""Low-rank adapters: how they are laid out, and how they become part of the model that is left."""

import shutil
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel
from transformers import AutoModelForCausalLM
from transformers.integrations import unset_hf_deepspeed_config

from longwriter_trainer.job import Hyperparameters, Job

ALL_LINEAR = "all-linear"


def lora_config(chosen: Hyperparameters) -> LoraConfig | None:
    """Returns the adapters of a job for TRL, or None where the whole model is trained."""
    if chosen.lora_rank is None:
        return None
    targets = chosen.lora_targets or [ALL_LINEAR]
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=chosen.lora_rank,
        lora_alpha=chosen.lora_alpha or 2 * chosen.lora_rank,
        lora_dropout=chosen.lora_dropout or 0.0,
        target_modules=ALL_LINEAR if targets == [ALL_LINEAR] else targets,
    )


def merge_adapters(job: Job, folder: Path) -> None:
    """Turns a folder with saved adapters into one with an ordinary model, in float32.

    The base model is read again, on the CPU: the one that was trained may be spread over many devices.
    """
    unset_hf_deepspeed_config()  # or this one process would wait for the others to load their share
    base = AutoModelForCausalLM.from_pretrained(
        job.base_model, dtype=torch.float32, trust_remote_code=job.trust_remote_code
    )
    merged = PeftModel.from_pretrained(base, folder).merge_and_unload(safe_merge=True)
    shutil.rmtree(folder)
    merged.save_pretrained(folder)
