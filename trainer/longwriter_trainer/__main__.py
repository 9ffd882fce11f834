"""The command: ``python -m longwriter_trainer JOB.json``. Exit codes are in failures.py."""

import ctypes
import fcntl
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

from longwriter_trainer.checkpoints import CheckpointRefused, newest_checkpoint, read_marker
from longwriter_trainer.data import read_rows
from longwriter_trainer.events import EventLog, read_events
from longwriter_trainer.failures import (
    DONE,
    JOB_INVALID,
    TRY_AGAIN,
    DataInvalid,
    JobInvalid,
    LossNotFinite,
    Stopped,
    classify,
    describe,
)
from longwriter_trainer.job import Job, read_job


def _stop_early(*_: object) -> None:
    raise Stopped("stopped on SIGTERM before training; nothing is lost")


def _end_with_launcher() -> None:
    """Has the kernel end this process with torch's launcher, which starts each in a session of its own.

    Killing the launcher's process group would leave them at work, holding their GPUs and this folder's lock.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ and sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _remove_torn(output: Path) -> None:
    for torn in [*output.glob("checkpoints/checkpoint-*"), output / ".model.writing"]:
        shutil.rmtree(torn, ignore_errors=True)


def _end(job: Job, events: EventLog, marker: dict, start: float) -> int:
    events.step = marker["step"]
    events.emit(
        "run-end",
        model_path=str(Path(job.output_dir) / "model"),
        train_loss=marker["train_loss"],
        seconds=round(time.monotonic() - start, 1),
    )
    return DONE


def run(job: Job, events: EventLog) -> int:
    """Does the job, or what is left of it, and returns the exit code 0.

    Raises:
        Exception: What ``failures.classify`` knows, or a crash.
    """
    start, output = time.monotonic(), Path(job.output_dir)
    marker = read_marker(output / "model")
    if marker is not None:
        if marker["model_identity"] != job.model_identity:
            raise JobInvalid(f"{output / 'model'} was trained from another model: {marker['model_identity']}")
        print(f"already done: {output / 'model'}")
        ended = any(event.get("event") == "run-end" for event in read_events(output / "events.jsonl"))
        return DONE if ended else _end(job, events, marker, start)

    events.emit("phase-start", phase="load")
    rows = read_rows(job.train_files, job.method)
    fetched = Path(job.resume_from) if job.resume_from else None
    try:
        found = newest_checkpoint(output / "checkpoints", fetched, job.model_identity)
    except CheckpointRefused as error:
        raise JobInvalid(str(error)) from error
    if found:
        events.step = found[0]
        print(f"going on from step {found[0]}: {found[1]}")

    if Path(job.base_model).is_dir():
        os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(output / "runs"))  # beside the checkpoints, which are dropped
    # Seconds of imports: only for a job, data and checkpoint that hold.
    from longwriter_trainer import encode, training
    from longwriter_trainer.chat_template import load_tokenizer
    from longwriter_trainer.environment import attention_implementation, check_reporters, read_model_config
    from longwriter_trainer.preflight import check_needs, longest_row, missing_positions
    from longwriter_trainer.reporter import RunReporter

    check_reporters(job)
    attention_implementation(job.hyperparameters)
    config = read_model_config(job)
    tokenizer = load_tokenizer(job)
    events.emit("phase-start", phase="tokenize")
    encode_rows = encode.encode_sft if job.method == "sft" else encode.encode_dpo
    encoded = encode_rows(rows, tokenizer, job.hyperparameters.max_length, job.hyperparameters.over_long)
    events.emit("phase-start", phase="preflight")
    events.emit("preflight", **check_needs(job, config, encoded))
    if job.hyperparameters.device == "cpu":
        training.keep_freed_memory()
    events.emit("phase-start", phase="weights")
    model = training.load_model(job)
    positions = missing_positions(job, config, longest_row(job, encoded))
    if positions is not None:
        print(f"the model's positions are raised to {positions}, as rows are longer than it had")
        model.config.get_text_config().max_position_embeddings = positions
    reporter = RunReporter(job, events, encoded)
    if job.method == "sft":
        from longwriter_trainer.sft import make_sft_trainer as make_trainer
    else:
        from longwriter_trainer.dpo import make_dpo_trainer as make_trainer
    trainer = make_trainer(job, model, tokenizer, encoded, reporter)
    training.run_trainer(trainer, reporter, job, events, found[1] if found else None)
    return _end(job, events, read_marker(output / "model"), start)


def main() -> int:
    """The command line; returns the exit code."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("usage: python -m longwriter_trainer JOB.json", file=sys.stderr)
        return DONE if sys.argv[1:] in (["-h"], ["--help"]) else JOB_INVALID
    try:
        job = read_job(Path(sys.argv[1]))
    except JobInvalid as error:
        print(f"job invalid: {error}", file=sys.stderr)
        return JOB_INVALID
    _end_with_launcher()
    output, rank = Path(job.output_dir), int(os.environ.get("RANK", "0"))
    output.mkdir(parents=True, exist_ok=True)
    if rank == 0:
        lock = (output / ".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another trainer is at work in {output}", file=sys.stderr)
            return TRY_AGAIN
        _remove_torn(output)
    events = EventLog(output / "events.jsonl", rank)
    signal.signal(signal.SIGTERM, _stop_early)
    try:
        return run(job, events)
    except Exception as error:
        kind, code = classify(error, before_training=not events.has_begun)
        message = describe(error, kind, output)
        if not isinstance(error, (JobInvalid, DataInvalid, Stopped, LossNotFinite)):
            traceback.print_exc()
        print(f"{kind}: {message}", file=sys.stderr)
        if kind == "disk-full" and rank == 0:
            _remove_torn(output)  # or there would be no room for the event either
        try:
            events.emit_failure(kind, message)
        except OSError as failed:
            print(f"the event of it could not be written: {failed}", file=sys.stderr)
        return code


if __name__ == "__main__":
    sys.exit(main())
