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
    """Appends events; rank 0 alone has a path, the others write nothing.

    Attributes:
        step: The last optimizer step that is finished; stamped on every event.
    """

    def __init__(self, path: Path | None) -> None:
        """Opens the file; a line that a killed run left half-written is closed first, and stays unreadable."""
        self.step = 0
        self._stream = None
        if path is not None:
            torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
            self._stream = path.open("a", encoding="utf-8")
            if torn:
                self._stream.write("\n")

    def emit(self, event: str, **fields: Any) -> None:
        """Writes one event; numbers that are not finite become null."""
        if self._stream is None:
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {"event": event, "version": 1, "time": time, "step": self.step, **_finite(fields)}
        self._stream.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
        self._stream.flush()


def read_events(path: Path) -> list[dict]:
    """Returns the events of a file in order; half-written lines are left out."""
    events = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return events
