"""events.jsonl: what the run says of itself, one flushed line an event."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return value


class EventLog:
    """Appends events: those of rank 0, and of the other ranks only what ended them.

    Attributes:
        step: The last optimizer step that is finished; stamped on every event.
        has_begun: Whether training has begun, also on the ranks that write nothing.
    """

    def __init__(self, path: Path, rank: int = 0) -> None:
        """Opens the file; a line that a killed run left half-written is closed first, and stays unreadable."""
        self.step = 0
        self.has_begun = False
        self._path, self._rank = path, rank
        self._stream = None
        if rank == 0:
            torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
            self._stream = path.open("a", encoding="utf-8")
            if torn:
                self._stream.write("\n")

    def emit(self, event: str, **fields: Any) -> None:
        """Writes one event; numbers that are not finite become null."""
        self.has_begun = self.has_begun or event == "run-start"
        if self._stream is None:
            return
        self._stream.write(self._line(event, fields))
        self._stream.flush()

    def emit_failure(self, kind: str, message: str) -> None:
        """Writes the ``run-error`` that ends the run, unless another rank has written why it ends already.

        The rank that fails first takes the others with it: what they meet then is no cause. A stop is told by rank 0.
        """
        if next(reversed(read_events(self._path)), {}).get("event") == "run-error":
            return
        if self._stream is not None:
            self.emit("run-error", kind=kind, message=message)
        elif kind != "stopped":
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(self._line("run-error", {"kind": kind, "message": message, "rank": self._rank}))

    def _line(self, event: str, fields: dict[str, Any]) -> str:
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {"event": event, "version": 1, "time": time, "step": self.step, **_finite(fields)}
        return json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"


def read_events(path: Path) -> list[dict]:
    """Returns the events of a file in order; half-written lines are left out."""
    events = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return events
