"""The callback that turns TRL's run into events and whole checkpoints, and stops it on SIGTERM."""

import math
import resource
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from transformers import TrainerCallback

from longwriter_trainer.chat_template import template_hash
from longwriter_trainer.checkpoints import mark_whole, step_folders
from longwriter_trainer.encode import Encoded
from longwriter_trainer.events import EventLog
from longwriter_trainer.failures import JobInvalid, LossNotFinite
from longwriter_trainer.job import Job


def peak_memory(device: torch.device) -> int:
    """Returns the most bytes held so far: of tensors on a GPU, or by this process where the CPU computes."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


REFERENCE_SECONDS = 30


class RunReporter(TrainerCallback):
    """Writes the events of a run, finishes its checkpoints and stops it, saved, after a SIGTERM.

    Attributes:
        facts: What run-start says besides what both methods say.
    """

    def __init__(self, job: Job, events: EventLog, encoded: Encoded) -> None:
        """Takes what is told; SIGTERM is taken over when training begins: until then there is nothing to save."""
        self.job, self.events, self.encoded = job, events, encoded
        self.trainer: Any = None
        self.facts: dict[str, Any] = {}
        self.stopped = False
        self._last = (0.0, 0)
        self._referred = float("-inf")

    def _on_sigterm(self, *_: Any) -> None:
        self.stopped = True

    def tell_reference(self) -> None:
        """Says that the reference is being scored, every half a minute at most: a sign of life."""
        if time.monotonic() - self._referred >= REFERENCE_SECONDS:
            self._referred = time.monotonic()
            self.events.emit("phase-start", phase="reference")

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Says how much there is to do; TRL's token counter goes on where the checkpoint left it.

        From here on SIGTERM is heard at the end of a step.

        Raises:
            JobInvalid: The one step there is belongs to the warm-up, whose first has a learning rate of 0.
        """
        warmup = 0 if self.job.hyperparameters.lr_scheduler == "constant" else args.get_warmup_steps(state.max_steps)
        if warmup > 0 and state.max_steps == 1:
            raise JobInvalid(
                "its only step is warm-up, at a learning rate of 0, and the model would stay as it is: "
                "set warmup_ratio to 0, or train for more steps by more rows, more epochs or a smaller batch_size"
            )
        signal.signal(signal.SIGTERM, self._on_sigterm)
        self.events.step = state.global_step
        tokens = max((entry.get("num_tokens", 0) for entry in state.log_history), default=0)
        self.trainer._total_train_tokens = tokens
        self._last = (time.monotonic(), tokens)
        self.events.emit(
            "run-start",
            run_id=self.job.run_id,
            job_id=self.job.job_id,
            method=self.job.method,
            total_steps=state.max_steps,
            device=str(args.device),
            rows=self.encoded.rows,
            skipped_rows=len(self.encoded.skipped),
            cut_rows=len(self.encoded.cut),
            tokens=self.encoded.tokens,
            chat_template_sha256=template_hash(self.encoded.template),
            **self.facts,
            parameters=sum(parameter.numel() for parameter in model.parameters()),
        )
        self.events.emit("phase-start", phase="train")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stops on SIGTERM, on all ranks at one step; the last step needs no checkpoint, the model follows."""
        stopped = torch.tensor(int(self.stopped), device=args.device)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(stopped, op=torch.distributed.ReduceOp.MAX)
        self.stopped = bool(stopped.item())
        if state.global_step >= state.max_steps:
            control.should_save = False
        elif self.stopped:
            control.should_save = control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        """Turns what TRL logs after a step into ``step-end``.

        Raises:
            LossNotFinite: Before anything of this step is saved.
        """
        if "loss" not in logs:
            return
        self.events.step = state.global_step
        now, tokens = time.monotonic(), int(logs.get("num_tokens", 0))
        seconds, self._last = (now - self._last[0], tokens - self._last[1]), (now, tokens)
        own = {key: logs.get(key) for key in ("epoch", "loss", "learning_rate", "grad_norm")} | {"num_tokens": tokens}
        self.events.emit(
            "step-end",
            total_steps=state.max_steps,
            **own,
            tokens_per_second=round(seconds[1] / max(seconds[0], 1e-6), 1),
            memory_bytes=peak_memory(args.device),
            metrics={key: value for key, value in logs.items() if key not in own},
        )
        for key in ("loss", "grad_norm"):
            if logs.get(key) is not None and not math.isfinite(logs[key]):
                raise LossNotFinite(f"{key} is {logs[key]} at step {state.global_step}")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Marks the checkpoint whole once every rank has written, gives it its name and drops the oldest."""
        if torch.distributed.is_initialized():
            torch.distributed.barrier()
        if not args.should_save:
            return
        checkpoints = Path(args.output_dir)
        written, final = checkpoints / f"checkpoint-{state.global_step}", checkpoints / f"step-{state.global_step}"
        (written / "training_args.bin").unlink(missing_ok=True)  # a pickle that nothing reads
        mark_whole(written, {"step": state.global_step, "model_identity": self.job.model_identity})
        shutil.rmtree(final, ignore_errors=True)
        written.rename(final)
        self.events.emit("checkpoint-saved", path=str(final))
        for _step, old in step_folders(checkpoints)[self.job.hyperparameters.keep_checkpoints :]:
            shutil.rmtree(old)
