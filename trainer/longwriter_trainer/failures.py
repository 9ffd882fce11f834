"""The ways a run ends, as exit codes, and which exception means which."""

import errno

DONE, CRASHED, JOB_INVALID, DATA_INVALID, OUT_OF_MEMORY, TRY_AGAIN, STOPPED = 0, 1, 2, 3, 4, 75, 143

TEMPORARY_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN}


class JobInvalid(Exception):
    """The job cannot be run as it is written."""


class DataInvalid(Exception):
    """A row cannot be trained on; the message names its file and line."""


class LossNotFinite(Exception):
    """The loss or the norm of the gradient is NaN or infinite."""


class Stopped(Exception):
    """SIGTERM came, and what could be saved is saved."""


def classify(error: BaseException) -> tuple[str, int]:
    """Returns the ``kind`` of the run-error event and the exit code for an exception that ended the run."""
    kinds = {
        JobInvalid: ("job-invalid", JOB_INVALID),
        DataInvalid: ("data-invalid", DATA_INVALID),
        LossNotFinite: ("loss-not-finite", CRASHED),
        Stopped: ("stopped", STOPPED),
        MemoryError: ("out-of-memory", OUT_OF_MEMORY),
    }
    for kind, outcome in kinds.items():
        if isinstance(error, kind):
            return outcome
    text = str(error)
    if type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in text or "out of memory" in text:
        return "out-of-memory", OUT_OF_MEMORY
    lost = type(error).__name__ in {"DistBackendError", "DistNetworkError", "AcceleratorError"}
    if lost or (isinstance(error, OSError) and error.errno in TEMPORARY_ERRORS):
        return "try-again", TRY_AGAIN
    return "crashed", CRASHED
