"""What SFT and DPO share: the model, the arguments, the run and the model folder that it ends in."""

import ctypes
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, set_seed
from trl import SFTConfig

from longwriter_trainer.adapters import merge_adapters
from longwriter_trainer.chat_template import load_tokenizer
from longwriter_trainer.checkpoints import mark_whole
from longwriter_trainer.environment import attention_implementation, uses_liger
from longwriter_trainer.events import EventLog
from longwriter_trainer.failures import Stopped
from longwriter_trainer.job import Job
from longwriter_trainer.reporter import RunReporter


def keep_freed_memory() -> None:
    """Lets glibc keep what is freed: a step frees and takes gigabytes, and half of its time went to the kernel."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mmap_max, trim_threshold, top_pad = -4, -1, -2
    for option, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 256 * 2**20)):
        mallopt(option, value)


def load_model(job: Job) -> PreTrainedModel:
    """Loads the base model in float32: weights held in bfloat16 alone do not learn at 1e-5.

    Raises:
        JobInvalid: The attention that is asked for cannot be had.
    """
    # Where weights are sharded while they are read, that is set up by the arguments, and ends with them.
    _arguments = SFTConfig(**shared_arguments(job))
    set_seed(job.seed)  # adapters are drawn before TRL's trainer sets it
    return AutoModelForCausalLM.from_pretrained(
        job.base_model,
        dtype=torch.float32,
        attn_implementation=attention_implementation(job.hyperparameters),
        trust_remote_code=job.trust_remote_code,
    )


def shared_arguments(job: Job) -> dict[str, Any]:
    """Returns the keyword arguments that SFTConfig and DPOConfig both get from a job."""
    chosen = job.hyperparameters
    world = int(os.environ.get("WORLD_SIZE", "1"))
    return {
        "output_dir": str(Path(job.output_dir) / "checkpoints"),
        "seed": job.seed,
        "data_seed": job.seed,
        "num_train_epochs": chosen.epochs,
        "max_steps": chosen.max_steps or -1,
        "learning_rate": chosen.learning_rate,
        "lr_scheduler_type": chosen.lr_scheduler,
        "warmup_steps": chosen.warmup_ratio,  # transformers 5 takes what is below 1 as a fraction of all steps
        "weight_decay": chosen.weight_decay,
        "adam_beta1": chosen.adam_beta1,
        "adam_beta2": chosen.adam_beta2,
        "max_grad_norm": chosen.max_grad_norm,
        "per_device_train_batch_size": chosen.micro_batch_size,
        "gradient_accumulation_steps": chosen.batch_size // (chosen.micro_batch_size * world),
        "max_length": chosen.max_length,
        "save_steps": chosen.save_steps,
        "bf16": chosen.precision == "bf16-autocast",
        "gradient_checkpointing": chosen.gradient_checkpointing,
        "use_cpu": chosen.device == "cpu",
        "dataloader_pin_memory": chosen.device != "cpu",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "use_liger_kernel": uses_liger(chosen),
        "report_to": job.report_to or "none",
        "run_name": job.job_id,
        "disable_tqdm": True,
    }


class WithoutModelCard:
    """Keeps TRL from writing a README beside the checkpoints."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Does nothing."""


def save_final_model(trainer: Any, job: Job) -> Path:
    """Writes ``model/`` whole, or not at all, with the tokenizer and the chat template of the job."""
    model = Path(job.output_dir) / "model"
    temporary = model.with_name(".model.writing")
    if trainer.args.should_save:
        shutil.rmtree(temporary, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(temporary))
    trainer.accelerator.wait_for_everyone()
    if trainer.args.should_save:
        if job.hyperparameters.lora_rank is not None:
            merge_adapters(job, temporary)
        load_tokenizer(job).save_pretrained(temporary)
        (temporary / "training_args.bin").unlink(missing_ok=True)
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        facts = {"step": trainer.state.global_step, "train_loss": sum(losses) / len(losses)}
        mark_whole(temporary, {**facts, "model_identity": job.model_identity})
        shutil.rmtree(model, ignore_errors=True)
        temporary.rename(model)
    trainer.accelerator.wait_for_everyone()
    return model


def run_trainer(trainer: Any, reporter: RunReporter, job: Job, events: EventLog, checkpoint: Path | None) -> None:
    """Trains from ``checkpoint`` or the beginning, and saves the model.

    Raises:
        Stopped: SIGTERM came before the last step; a checkpoint of the last finished step is whole.
    """
    reporter.trainer = trainer
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if reporter.stopped and trainer.state.global_step < trainer.state.max_steps:
        raise Stopped(f"stopped on SIGTERM after saving step {trainer.state.global_step}")
    events.emit("phase-start", phase="save")
    save_final_model(trainer, job)
