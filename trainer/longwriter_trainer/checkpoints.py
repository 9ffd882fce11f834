"""Folders that are whole or torn: the marker file, and the newest checkpoint to go on from."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

MARKER = "complete.json"
STEP_FOLDER = re.compile(r"step-(\d+)")


class CheckpointRefused(Exception):
    """A checkpoint that must not be gone on from: it is of another model."""


def mark_whole(folder: Path, facts: dict) -> None:
    """Writes the marker of ``folder``, last and at once: ``facts`` and every file with its bytes.

    Args:
        folder: A folder whose files are all written; they are flushed to the disk before the marker is.
        facts: What the marker says besides ``version`` and ``files``.
    """
    files = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MARKER):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        files.append({"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size})
    temporary = folder / f".{MARKER}"
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump({"version": 1, **facts, "files": files}, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.rename(folder / MARKER)


def read_marker(folder: Path) -> dict | None:
    """Returns the marker of ``folder`` when every file that it lists is there with its bytes, else None."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        whole = all((folder / file["path"]).stat().st_size == file["bytes"] for file in marker["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return marker if whole else None


def is_whole(folder: Path) -> bool:
    """Says whether ``folder`` has its marker and every file that the marker lists."""
    return read_marker(folder) is not None


def step_folders(checkpoints: Path) -> list[tuple[int, Path]]:
    """Returns (step, folder) of each ``step-N`` below ``checkpoints``, newest first."""
    if not checkpoints.is_dir():
        return []
    matches = ((STEP_FOLDER.fullmatch(path.name), path) for path in checkpoints.iterdir() if path.is_dir())
    return sorted(((int(match[1]), path) for match, path in matches if match), reverse=True)


def newest_checkpoint(
    checkpoints: Path, fetched: Path | None, model_identity: str, log: Callable[[str], None] = print
) -> tuple[int, Path] | None:
    """Finds the checkpoint to go on from: the newest whole one; a torn one is skipped and named in the log.

    Args:
        checkpoints: The folder of this output's own checkpoints.
        fetched: A checkpoint that the watcher fetched, or None.
        model_identity: What the checkpoint's own ``model_identity`` must be.
        log: Takes one line of text.

    Returns:
        (step, folder), or None to start at the beginning.

    Raises:
        CheckpointRefused: The newest whole checkpoint is of another model.
    """
    candidates = [path for _, path in step_folders(checkpoints)] + ([fetched] if fetched else [])
    whole = []
    for path in candidates:
        marker = read_marker(path)
        if marker is None or not isinstance(marker.get("step"), int):
            log(f"skipping a torn checkpoint: {path}")
        else:
            whole.append((marker["step"], path, marker.get("model_identity")))
    if not whole:
        return None
    step, path, identity = max(whole, key=lambda found: found[0])
    if identity != model_identity:
        raise CheckpointRefused(f"{path} is a checkpoint of another model: {identity}, expected {model_identity}")
    return step, path
