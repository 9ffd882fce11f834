"""Asks models short prompts with stock Transformers: ``python -m longwriter_trainer.probe PROBE.json``."""

import gc
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from longwriter_trainer.events import EventLog
from longwriter_trainer.failures import DONE, JOB_INVALID, JobInvalid, Stopped, classify
from longwriter_trainer.probe_job import ProbedModel, ProbeJob, read_probe


def _stop(*_: object) -> None:
    raise Stopped("stopped on SIGTERM; the answers of the models that were done are kept")


def _write_whole(path: Path, value: dict) -> None:
    temporary = path.with_name(f".{path.name}.writing")
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump(value, stream, ensure_ascii=False, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.rename(path)


def _load(job: ProbeJob, path: str) -> tuple[Any, Any]:
    """Returns (model, tokenizer), as anybody would load them: bfloat16 where CUDA is, else float32.

    On a CPU bfloat16 decoded no faster (a step of four answers of SmolLM2-135M: 0.14 s each).

    Raises:
        JobInvalid: Transformers cannot load what is there, or it has no chat template.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    on_gpu = job.device == "auto" and torch.cuda.is_available()
    trust = {"trust_remote_code": job.trust_remote_code}
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, padding_side="left", **trust)
        dtype = torch.bfloat16 if on_gpu else torch.float32
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, **trust).eval()
    except Exception as error:
        if classify(error, before_training=True)[0] != "job-invalid":
            raise
        raise JobInvalid(f"Transformers cannot load {path}: {error}") from error
    if job.chat_template is not None:
        tokenizer.chat_template = Path(job.chat_template).read_text(encoding="utf-8")
    if not tokenizer.chat_template:
        raise JobInvalid(f"{path} has no chat template to ask it with; name one in training.chatTemplate")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.to("cuda" if on_gpu else "cpu"), tokenizer


def _watch_finite() -> Any:
    """Returns a logits processor whose ``finite`` says of each row whether all of its logits were numbers."""
    import torch
    from transformers import LogitsProcessor

    class FiniteWatch(LogitsProcessor):
        finite: Any = True

        def __call__(self, input_ids: Any, scores: Any) -> Any:
            broken = (scores.isnan() | (scores == torch.inf)).any(dim=-1)
            self.finite = ~broken & self.finite
            # Sampling from them would end the process; such an answer is degenerate whatever comes of it.
            return scores.masked_fill(broken[:, None], 0.0)

    return FiniteWatch()


def _answer(job: ProbeJob, model: Any, tokenizer: Any, texts: list[str]) -> list[dict]:
    """Answers ``texts`` at once; the batch is of shape (texts, tokens), padded on the left."""
    import torch
    from transformers import LogitsProcessorList

    turns = [[{"role": "user", "content": text}] for text in texts]
    batch = tokenizer.apply_chat_template(
        turns, add_generation_prompt=True, padding=True, return_dict=True, return_tensors="pt"
    ).to(model.device)
    batch.pop("token_type_ids", None)
    ends = model.generation_config.eos_token_id
    ends = {tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
    sampled = {"temperature": job.temperature, "top_p": job.top_p or 1.0, "top_k": 0} if job.temperature > 0 else {}
    watch = _watch_finite()
    with torch.inference_mode():
        output = model.generate(
            **batch,
            do_sample=job.temperature > 0,
            **sampled,
            repetition_penalty=job.repetition_penalty,
            max_new_tokens=job.max_tokens,
            eos_token_id=sorted(ends),
            pad_token_id=tokenizer.pad_token_id,
            logits_processor=LogitsProcessorList([watch]),
        )
    answers = []
    for row, finite in zip(output[:, batch["input_ids"].shape[1] :].tolist(), watch.finite.tolist(), strict=True):
        end = next((index for index, token in enumerate(row) if token in ends), None)
        written = row if end is None else row[:end]
        text = tokenizer.decode(written, skip_special_tokens=True)
        answers.append({"text": text, "tokens": len(written), "stopped": end is not None, "finite": finite})
    return answers


def _probe(job: ProbeJob, probed: ProbedModel, events: EventLog) -> None:
    """Lets one model answer every prompt and writes its answers, whole or not at all."""
    import torch

    events.emit("phase-start", phase="load", model=probed.identity)
    model, tokenizer = _load(job, probed.path)
    # For each model anew: what it answers does not depend on which others are probed beside it.
    torch.manual_seed(job.seed)
    answers: list[dict] = []
    prompts = job.asked
    for start in range(0, len(prompts), job.batch_size):
        events.emit("phase-start", phase="generate", model=probed.identity, done=start, total=len(prompts))
        batch = prompts[start : start + job.batch_size]
        said = _answer(job, model, tokenizer, [prompt.text for prompt in batch])
        answers += [{"prompt": prompt.id, **answer} for prompt, answer in zip(batch, said, strict=True)]
    facts = {"version": 1, "model_identity": probed.identity, "device": str(model.device), "dtype": str(model.dtype)}
    _write_whole(Path(probed.output), {**facts, "answers": answers})
    del model, tokenizer
    gc.collect()
    torch.cuda.empty_cache()


def run(job: ProbeJob, events: EventLog) -> int:
    """Probes the models whose answers are not there yet, and returns the exit code 0.

    Raises:
        Exception: What ``failures.classify`` knows, or a crash.
    """
    start = time.monotonic()
    if all(Path(probed.path).is_dir() for probed in job.probed):
        os.environ["HF_HUB_OFFLINE"] = "1"
    # A step is hundreds of small operations, and threads that spin between them starve one another on a busy machine: a
    # step of SmolLM2-135M took 4.3 s so, and 0.4 s with threads that sleep.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for probed in job.probed:
        if not Path(probed.output).exists():
            _probe(job, probed, events)
    seconds = round(time.monotonic() - start, 1)
    events.emit("run-end", model_path=job.probed[-1].path, seconds=seconds)
    return DONE


def main() -> int:
    """The command line; returns the exit code."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("usage: python -m longwriter_trainer.probe PROBE.json", file=sys.stderr)
        return DONE if sys.argv[1:] in (["-h"], ["--help"]) else JOB_INVALID
    try:
        job = read_probe(Path(sys.argv[1]))
    except JobInvalid as error:
        print(f"probe invalid: {error}", file=sys.stderr)
        return JOB_INVALID
    output = Path(job.output_dir)
    output.mkdir(parents=True, exist_ok=True)
    events = EventLog(output / "events.jsonl")
    signal.signal(signal.SIGTERM, _stop)
    try:
        return run(job, events)
    except Exception as error:
        kind, code = classify(error)
        message = str(error).strip() or type(error).__name__
        if kind in ("crashed", "out-of-memory", "try-again"):
            traceback.print_exc()
        print(f"{kind}: {message}", file=sys.stderr)
        if kind != "stopped":
            events.emit("run-error", kind=kind, message=message[:2000])
        return code


if __name__ == "__main__":
    sys.exit(main())
