"""What a run will need of memory and disk, looked at before weights are read."""

import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

import psutil
import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig

from longwriter_trainer.encode import Encoded
from longwriter_trainer.environment import uses_cuda
from longwriter_trainer.failures import DiskFull, JobInvalid, MemoryTooSmall
from longwriter_trainer.job import Hyperparameters, Job

FLOAT32, BFLOAT16 = 4, 2  # bytes
# The estimate leaves out the framework's own memory and fragmentation: what is refused must be hopeless, not tight.
MARGIN = 0.9
MIB, GIB = 2**20, 2**30


@dataclass(frozen=True)
class Needs:
    """Estimates, in bytes, for one process and for the disk.

    Attributes:
        states: Weights, gradients and the optimizer's moments.
        activations: What one micro batch of the longest row keeps for its backward pass.
        disk: The checkpoints that are kept, the one that is being written, and the model.
    """

    states: int
    activations: int
    disk: int

    @property
    def memory(self) -> int:
        """All that one process holds at once."""
        return self.states + self.activations


def count_parameters(base_model: str, config: PreTrainedConfig, trust_remote_code: bool) -> int:
    """Counts parameters: from the headers of the model's safetensors files, or else from its configuration alone."""
    headers = [_header(path) for path in sorted(Path(base_model).glob("*.safetensors"))]
    shapes = [tensor["shape"] for header in headers for name, tensor in header.items() if name != "__metadata__"]
    if shapes:
        return sum(torch.Size(shape).numel() for shape in shapes)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=trust_remote_code)
    model.tie_weights()
    return sum(parameter.numel() for parameter in model.parameters())


def _header(path: Path) -> dict:
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            return json.loads(stream.read(length))
    except (struct.error, ValueError, OverflowError) as error:
        raise JobInvalid(f"job: {path} is no whole safetensors file: fetch the base model again") from error


def _adapter_parameters(chosen: Hyperparameters, text: PreTrainedConfig) -> int:
    """An upper bound: adapters at every linear layer of attention and of the feed-forward part."""
    per_layer = 4 * 2 * text.hidden_size + 3 * (text.hidden_size + text.intermediate_size)
    return chosen.lora_rank * per_layer * text.num_hidden_layers


def _activation_bytes(chosen: Hyperparameters, text: PreTrainedConfig, method: str, longest: int) -> int:
    """Activations of a decoder, after arXiv 2205.05198, with attention that keeps no scores, and logits made in chunks.

    A layer keeps some 17 tensors of (tokens, hidden_size) besides its feed-forward part, and the one at work has the
    gradients of them too; with checkpointing the others keep their input alone.
    """
    tokens = longest * chosen.micro_batch_size * (2 if method == "dpo" else 1)
    number = BFLOAT16 if chosen.precision == "bf16-autocast" else FLOAT32
    layer = tokens * number * (17 * text.hidden_size + 3 * text.intermediate_size)
    layers = text.num_hidden_layers
    of_layer = tokens * number * text.hidden_size if chosen.gradient_checkpointing else layer
    return layers * of_layer + (2 if chosen.gradient_checkpointing else 1) * layer


def estimate(job: Job, config: PreTrainedConfig, longest: int, parameters: int) -> Needs:
    """Estimates what a run needs.

    Args:
        job: The run.
        config: Of the base model.
        longest: Tokens of the longest row, or of a pack.
        parameters: Of the base model.
    """
    chosen, text = job.hyperparameters, config.get_text_config()
    trained = parameters if chosen.lora_rank is None else _adapter_parameters(chosen, text)
    frozen = 0 if trained == parameters else parameters
    moments = 2 * trained * FLOAT32
    reference = 0 if job.method == "sft" or chosen.precompute_reference or frozen else parameters
    states = (reference + frozen + 2 * trained) * FLOAT32 + moments
    checkpoint = trained * FLOAT32 + moments
    if _sharded():
        states = -(-states // int(os.environ["WORLD_SIZE"]))
    if os.environ.get("ACCELERATE_USE_FSDP") == "true":
        checkpoint += trained * FLOAT32  # the weights a second time, in the form that FSDP reads
    if os.environ.get("ACCELERATE_USE_DEEPSPEED") == "true" and uses_cuda(chosen):
        states = 0  # offloaded as our file has it; without offload this errs on the side of trying
    disk = (chosen.keep_checkpoints + 1) * checkpoint + parameters * FLOAT32
    return Needs(states, _activation_bytes(chosen, text, job.method, longest), disk)


def _sharded() -> bool:
    return "true" in (os.environ.get("ACCELERATE_USE_FSDP"), os.environ.get("ACCELERATE_USE_DEEPSPEED"))


def longest_row(job: Job, encoded: Encoded) -> int:
    """Returns the tokens of the longest row; in DPO, of a prompt and its longer answer."""
    columns = encoded.columns
    if job.method == "sft":
        return max(map(len, columns["input_ids"]))
    answers = zip(columns["chosen_ids"], columns["rejected_ids"], strict=True)
    pairs = zip(columns["prompt_ids"], answers, strict=True)
    return max(len(prompt) + max(map(len, both)) for prompt, both in pairs)


def missing_positions(job: Job, config: PreTrainedConfig, longest: int) -> int | None:
    """Returns how many positions a rotary model is to be given for its longest row, or None where it has enough.

    The released training raised them in the same way (``seq_length`` of GLM-4-9B, from 8,192; its FAQ).

    Raises:
        JobInvalid: The model has too few, and learnt each of them, so that there are no others.
    """
    text = config.get_text_config()
    positions = getattr(text, "max_position_embeddings", None)
    if positions is None or longest <= positions:
        return None
    if getattr(text, "rope_parameters", None) is None and getattr(text, "rope_theta", None) is None:
        raise JobInvalid(
            f"hyperparameters: max_length {job.hyperparameters.max_length} lets rows of {longest} tokens through, and "
            f"{job.base_model} has {positions} positions: lower max_length"
        )
    return job.hyperparameters.max_length


def _memory_of_device(chosen: Hyperparameters) -> int:
    if uses_cuda(chosen):
        return torch.cuda.get_device_properties(int(os.environ.get("LOCAL_RANK", "0"))).total_memory
    return psutil.virtual_memory().available // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def check_needs(job: Job, config: PreTrainedConfig, encoded: Encoded) -> dict[str, int]:
    """Checks a run against its node and returns the fields of the ``preflight`` event.

    Raises:
        JobInvalid: The longest row has more tokens than the model can have positions.
        MemoryTooSmall: The estimate is above the memory of the device.
        DiskFull: The output folder's disk has no room for checkpoints and model.
    """
    longest = longest_row(job, encoded)
    missing_positions(job, config, longest)
    at_once = job.hyperparameters.max_length if job.hyperparameters.packing else longest
    needs = estimate(job, config, at_once, count_parameters(job.base_model, config, job.trust_remote_code))
    memory = _memory_of_device(job.hyperparameters)
    if needs.memory * MARGIN > memory:
        raise MemoryTooSmall(
            f"training takes about {needs.memory / GIB:.1f} GiB of each device, {needs.states / GIB:.1f} of it weights "
            f"with gradients and Adam, and there are {memory / GIB:.1f}: use a smaller micro_batch_size or max_length, "
            "gradient_checkpointing, LoRA, or sharding with offload (trainer/accelerate)"
        )
    output = Path(job.output_dir)
    kept = sum(path.stat().st_size for path in output.glob("checkpoints/step-*/**/*") if path.is_file())
    free = disk_usage(output).free + kept
    if needs.disk > free:
        raise DiskFull(
            f"{job.hyperparameters.keep_checkpoints + 1} checkpoints and the model take about "
            f"{needs.disk / MIB:.0f} MiB, and {output} has {free / MIB:.0f} free: make room, or lower keep_checkpoints"
        )
    return {
        "longest_row": longest,
        "memory_needed": needs.memory,
        "memory_available": memory,
        "disk_needed": needs.disk,
        "disk_free": free,
    }
