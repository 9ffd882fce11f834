"""What a job asks of the node that it runs on: attention, Liger kernels, reporters, code of the model."""

from importlib.util import find_spec

import torch
from transformers import AutoConfig, PreTrainedConfig
from transformers.utils import is_flash_attn_2_available, is_flash_attn_3_available

from longwriter_trainer.failures import JobInvalid
from longwriter_trainer.job import Hyperparameters, Job


def read_model_config(job: Job) -> PreTrainedConfig:
    """Reads the configuration of the base model, without its weights.

    Raises:
        JobInvalid: It needs code of its own, and the job does not trust that.
    """
    try:
        return AutoConfig.from_pretrained(job.base_model, trust_remote_code=job.trust_remote_code)
    except ValueError as error:
        if "trust_remote_code" not in str(error):
            raise
        raise JobInvalid(
            f"job: base_model {job.base_model} brings code of its own: read it, then set trust_remote_code and why"
        ) from error


def uses_cuda(chosen: Hyperparameters) -> bool:
    """Says whether training runs on CUDA devices."""
    return chosen.device != "cpu" and torch.cuda.is_available()


def attention_implementation(chosen: Hyperparameters) -> str:
    """Returns the attention to load the model with; ``auto`` is flash attention where it can be, else sdpa.

    Raises:
        JobInvalid: Flash attention is asked for by name where it cannot be.
    """
    wanted = chosen.attention
    if wanted in ("eager", "sdpa"):
        return wanted
    available = is_flash_attn_3_available if wanted == "flash_attention_3" else is_flash_attn_2_available
    lacking = (
        "has no CUDA device"
        if not uses_cuda(chosen)
        else "computes in float32, and flash attention in bfloat16 only: set precision to bf16-autocast"
        if chosen.precision == "float32"
        else "lacks its package: install the dependency group flash"
        if not available()
        else None
    )
    if wanted == "auto":
        return "sdpa" if lacking else "flash_attention_2"
    if lacking:
        raise JobInvalid(f"hyperparameters: attention {wanted}: this node {lacking}, or use attention auto")
    return wanted


def uses_liger(chosen: Hyperparameters) -> bool:
    """Says whether Liger kernels are used: where they are wanted and CUDA and their package are."""
    return chosen.liger and uses_cuda(chosen) and find_spec("liger_kernel") is not None


def check_reporters(job: Job) -> None:
    """Checks that the packages of ``report_to`` are here.

    Raises:
        JobInvalid: One is not.
    """
    for name in job.report_to:
        if find_spec(name) is None:
            raise JobInvalid(f"job: report_to {name}: not installed here: add the dependency group {name}")
