"""The probe's file: which models answer which prompts, checked before anything heavy is imported."""

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from longwriter_trainer.failures import JobInvalid
from longwriter_trainer.job import check_record


@dataclass(frozen=True)
class ProbedModel:
    """A model, and the file that its answers go to."""

    identity: str
    path: str
    output: str


@dataclass(frozen=True)
class ProbePrompt:
    """One prompt, and what its answer is known by."""

    id: str
    text: str


@dataclass(frozen=True)
class ProbeJob:
    """What is asked of which models, and how their tokens are drawn."""

    version: Literal[1]
    run_id: str
    job_id: str
    models: list[dict]
    prompts: list[dict]
    chat_template: str | None
    trust_remote_code: bool
    output_dir: str
    seed: int
    max_tokens: int
    temperature: float
    top_p: float | None
    repetition_penalty: float
    batch_size: int
    device: Literal["cpu", "auto"]

    @property
    def probed(self) -> list[ProbedModel]:
        """The models, in order."""
        return [ProbedModel(**model) for model in self.models]

    @property
    def asked(self) -> list[ProbePrompt]:
        """The prompts, in order."""
        return [ProbePrompt(**prompt) for prompt in self.prompts]


def _keys(shape: type) -> set[str]:
    return {field.name for field in fields(shape)}


def _check_numbers(record: dict[str, Any]) -> None:
    for key in ("max_tokens", "batch_size", "repetition_penalty"):
        if not record[key] > 0:
            raise JobInvalid(f"probe: {key!r} is {record[key]}, expected more than 0")
    if record["temperature"] < 0:
        raise JobInvalid(f"probe: 'temperature' is {record['temperature']}, expected 0 or more")
    if record["top_p"] is not None and not 0 < record["top_p"] <= 1:
        raise JobInvalid(f"probe: 'top_p' is {record['top_p']}, expected more than 0 and at most 1")


def read_probe(path: Path) -> ProbeJob:
    """Reads and checks a probe's file.

    Raises:
        JobInvalid: The file is not there, is no JSON, or has a key too many, too few or of the wrong kind.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise JobInvalid(f"{path}: {error}") from error
    check_record(record, ProbeJob, "probe", _keys(ProbeJob))
    _check_numbers(record)
    for key, shape in (("models", ProbedModel), ("prompts", ProbePrompt)):
        if not record[key]:
            raise JobInvalid(f"probe: {key!r} is [], expected one at least")
        for index, part in enumerate(record[key]):
            check_record(part, shape, f"probe: {key}[{index}]", _keys(shape))
    for place in (record["output_dir"], *(model["output"] for model in record["models"])):
        if not os.path.isabs(place):
            raise JobInvalid(f"probe: an output is no absolute path: {place}")
    for model in record["models"]:
        if os.path.isabs(model["path"]) and not (Path(model["path"]) / "config.json").is_file():
            raise JobInvalid(f"probe: no model in {model['path']}")
    return ProbeJob(**record)
