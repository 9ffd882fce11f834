"""The ways a run ends: exit codes, which exception means which, and what a person can do about it."""

import errno
from collections.abc import Iterator
from pathlib import Path
from shutil import disk_usage

DONE, CRASHED, JOB_INVALID, DATA_INVALID, OUT_OF_MEMORY, DISK_FULL, TRY_AGAIN, STOPPED = 0, 1, 2, 3, 4, 5, 75, 143

FULL_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT}
# safetensors and torch write outside of Python and give texts alone; torch's writer names no reason at all.
FULL_DISK_TEXTS = (
    "No space left on device",
    "Disk quota exceeded",
    "PytorchStreamWriter failed writing",
    "iostream error",
    "unexpected pos",
)
# Of Jinja's templates and of weights that are no safetensors; here nothing heavy is imported to name them.
OF_WHAT_WAS_GIVEN = {
    "SafetensorError",
    "TemplateAssertionError",
    "TemplateError",
    "TemplateRuntimeError",
    "TemplateSyntaxError",
    "UndefinedError",
}
TEMPORARY_ERRORS = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN}


class JobInvalid(Exception):
    """The job cannot be run as it is written."""


class DataInvalid(Exception):
    """A row cannot be trained on; the message names its file and line."""


class MemoryTooSmall(Exception):
    """By the estimate, training would run out of memory."""


class DiskFull(Exception):
    """There is too little disk for what a run leaves."""


class LossNotFinite(Exception):
    """The loss or the norm of the gradient is NaN or infinite."""


class Stopped(Exception):
    """SIGTERM came, and what could be saved is saved."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _is_of_what_was_given(error: BaseException) -> bool:
    """Says whether an exception before training is one that another try would meet again, as far as its type tells."""
    if isinstance(error, OSError):
        return error.errno is None  # Transformers' own, of a model that is not there or not whole
    return type(error).__name__ in OF_WHAT_WAS_GIVEN or isinstance(
        error, (ValueError, TypeError, LookupError, AttributeError, ImportError)
    )


def classify(error: BaseException, before_training: bool = False) -> tuple[str, int]:
    """Returns the ``kind`` of the run-error event and the exit code for an exception that ended the run.

    Args:
        error: What ended it.
        before_training: Whether no step had begun: then what cannot be read or built will not be at the next try.
    """
    kinds = {
        JobInvalid: ("job-invalid", JOB_INVALID),
        DataInvalid: ("data-invalid", DATA_INVALID),
        LossNotFinite: ("loss-not-finite", CRASHED),
        Stopped: ("stopped", STOPPED),
        DiskFull: ("disk-full", DISK_FULL),
        (MemoryError, MemoryTooSmall): ("out-of-memory", OUT_OF_MEMORY),
    }
    for kind, outcome in kinds.items():
        if isinstance(error, kind):
            return outcome
    text = str(error)
    if type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in text or "out of memory" in text:
        return "out-of-memory", OUT_OF_MEMORY
    for cause in _causes(error):
        numbered = isinstance(cause, OSError) and cause.errno in FULL_DISK_ERRORS
        if numbered or any(said in str(cause) for said in FULL_DISK_TEXTS):
            return "disk-full", DISK_FULL
    lost = type(error).__name__ in {"DistBackendError", "DistNetworkError", "AcceleratorError"}
    if lost or (isinstance(error, OSError) and error.errno in TEMPORARY_ERRORS):
        return "try-again", TRY_AGAIN
    if any("couldn't connect" in str(cause) or "ConnectionError" in type(cause).__name__ for cause in _causes(error)):
        return "try-again", TRY_AGAIN
    if before_training and _is_of_what_was_given(error):
        return "job-invalid", JOB_INVALID
    return "crashed", CRASHED


def describe(error: BaseException, kind: str, output: Path) -> str:
    """Returns what a person reads of a failure: what happened, where, and what to do; at most some 2,000 characters."""
    text = str(error).strip()[:1600] or type(error).__name__
    if kind == "out-of-memory" and not isinstance(error, MemoryTooSmall):
        text = text.splitlines()[0]
        return (
            f"{text}; use a smaller micro_batch_size or max_length, gradient_checkpointing, LoRA, or offload to the CPU"
        )
    if kind == "disk-full" and not isinstance(error, DiskFull):
        free = disk_usage(output).free / 2**30
        return f"{text}; {output} has {free:.1f} GiB free: make room and resume, the last whole checkpoint is kept"
    if kind == "job-invalid" and not isinstance(error, JobInvalid):
        return f"{type(error).__name__}: {text.splitlines()[0]}: look at base_model, template and hyperparameters"
    if kind == "loss-not-finite":
        return f"{text}; the last checkpoint is from before: lower learning_rate or max_grad_norm, or look at the rows"
    return text
