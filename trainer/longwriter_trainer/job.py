"""The job file: what is to be trained, checked before anything heavy is imported."""

import hashlib
import json
import os
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from longwriter_trainer.failures import JobInvalid


@dataclass(frozen=True)
class Hyperparameters:
    """How to train; every field is required, except those that belong to one method."""

    epochs: float
    max_steps: int | None
    learning_rate: float
    lr_scheduler: Literal["cosine", "linear", "constant", "constant_with_warmup"]
    warmup_ratio: float
    weight_decay: float
    adam_beta1: float
    adam_beta2: float
    max_grad_norm: float
    batch_size: int
    micro_batch_size: int
    max_length: int
    over_long: Literal["skip", "cut"]
    save_steps: int
    keep_checkpoints: int
    precision: Literal["bf16-autocast", "float32"]
    gradient_checkpointing: bool
    device: Literal["cpu", "auto"]
    attention: Literal["auto", "eager", "sdpa", "flash_attention_2", "flash_attention_3"]
    liger: bool
    lora_rank: int | None
    lora_alpha: int | None
    lora_dropout: float | None
    lora_targets: list[str] | None
    packing: bool | None = None
    loss_weighting: Literal["token", "sequence", "token-x-rows"] | None = None
    beta: float | None = None
    sft_weight: float | None = None
    precompute_reference: bool | None = None


@dataclass(frozen=True)
class Job:
    """One training run: ``output_dir`` is its identity, running it again goes on where it stopped."""

    version: Literal[1]
    run_id: str
    job_id: str
    method: Literal["sft", "dpo"]
    base_model: str
    train_files: list[str]
    output_dir: str
    seed: int
    resume_from: str | None
    model_identity: str
    chat_template: str | None
    chat_template_sha256: str | None
    trust_remote_code: bool
    report_to: list[str]
    hyperparameters: Hyperparameters


ONLY = {"sft": ("packing", "loss_weighting"), "dpo": ("beta", "sft_weight", "precompute_reference")}
ABOVE_ZERO = """
    epochs learning_rate max_grad_norm
    batch_size micro_batch_size max_length save_steps keep_checkpoints beta max_steps lora_rank lora_alpha
"""
ZERO_TO_ONE = "warmup_ratio adam_beta1 adam_beta2 lora_dropout"


def _matches(value: Any, kind: Any) -> bool:
    if get_origin(kind) in (Union, UnionType):
        return any(_matches(value, part) for part in get_args(kind))
    if get_origin(kind) is Literal:
        return any(value == allowed and type(value) is type(allowed) for allowed in get_args(kind))
    if get_origin(kind) is list:
        return isinstance(value, list) and all(_matches(part, *get_args(kind)) for part in value)
    if kind is float:
        return type(value) in (int, float)
    return value is None if kind is type(None) else type(value) is kind


def _described(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_described(part) for part in get_args(kind))
    if get_origin(kind) is Literal:
        return " | ".join(json.dumps(allowed) for allowed in get_args(kind))
    if get_origin(kind) is list:
        return f"a list of {'objects' if get_args(kind) == (dict,) else 'strings'}"
    names = {float: "a number", int: "an integer", str: "a string", bool: "true or false", type(None): "null"}
    return names[kind]


def check_record(record: Any, shape: type, where: str, required: set[str]) -> dict:
    """Returns ``record`` if its keys and values are those of the dataclass ``shape``.

    Raises:
        JobInvalid: It has a key too many, too few or of the wrong kind; the message begins with ``where``.
    """
    if not isinstance(record, dict):
        raise JobInvalid(f"{where}: expected an object")
    known = {field.name: field.type for field in fields(shape)}
    for key in record:
        if key not in known:
            raise JobInvalid(f"{where}: unknown key {key!r}")
    for key in known:
        if key not in record and key in required:
            raise JobInvalid(f"{where}: missing key {key!r}")
        if key in record and known[key] is not Hyperparameters and not _matches(record[key], known[key]):
            raise JobInvalid(f"{where}: {key!r} is {json.dumps(record[key])}, expected {_described(known[key])}")
    return record


def _check_hyperparameters(record: Any, method: str) -> Hyperparameters:
    required = {field.name for field in fields(Hyperparameters) if field.default is MISSING}
    check_record(record, Hyperparameters, "hyperparameters", required | set(ONLY[method]))
    for owner, keys in ONLY.items():
        for key in keys:
            if owner != method and key in record:
                raise JobInvalid(f"hyperparameters: unknown key {key!r} (it belongs to {owner})")
            if owner == method and record[key] is None:
                raise JobInvalid(f"hyperparameters: {key!r} is null")
    for key, value in record.items():
        if key in ABOVE_ZERO.split() and value is not None and not value > 0:
            raise JobInvalid(f"hyperparameters: {key!r} is {value}, expected more than 0")
        if key in ZERO_TO_ONE.split() and value is not None and not 0 <= value < 1:
            raise JobInvalid(f"hyperparameters: {key!r} is {value}, expected 0 or more and less than 1")
        if key in ("weight_decay", "sft_weight") and value < 0:
            raise JobInvalid(f"hyperparameters: {key!r} is {value}, expected 0 or more")
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if record["batch_size"] % (record["micro_batch_size"] * world):
        raise JobInvalid(
            f"hyperparameters: batch_size {record['batch_size']} is no multiple of micro_batch_size "
            f"{record['micro_batch_size']} x {world} process(es)"
        )
    return Hyperparameters(**record)


def _check_chat_template(file: str | None, sha256: str | None) -> None:
    if (file is None) != (sha256 is None):
        raise JobInvalid("job: 'chat_template' and 'chat_template_sha256' are given together, or both are null")
    if file is None:
        return
    try:
        found = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        raise JobInvalid(f"job: chat_template {file}: {error.strerror}") from error
    if found != sha256:
        raise JobInvalid(f"job: chat_template {file} has SHA-256 {found}, expected {sha256}: it was changed")


def read_job(path: Path) -> Job:
    """Reads and checks a job file.

    Raises:
        JobInvalid: The file is not there, is no JSON, or has a key too many, too few or of the wrong kind.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise JobInvalid(f"{path}: {error}") from error
    check_record(record, Job, "job", {field.name for field in fields(Job)})
    for key in ("output_dir", *(["resume_from"] if record["resume_from"] else [])):
        if not os.path.isabs(record[key]):
            raise JobInvalid(f"job: {key!r} is no absolute path: {record[key]}")
    if not record["train_files"]:
        raise JobInvalid("job: 'train_files' is [], expected one file at least")
    for file in record["train_files"]:
        if not os.path.isabs(file):
            raise JobInvalid(f"job: a train file is no absolute path: {file}")
    base = record["base_model"]
    if os.path.isabs(base) and not (Path(base) / "config.json").is_file():
        raise JobInvalid(f"job: no model in base_model {base}")
    _check_chat_template(record["chat_template"], record["chat_template_sha256"])
    return Job(**{**record, "hyperparameters": _check_hyperparameters(record["hyperparameters"], record["method"])})
