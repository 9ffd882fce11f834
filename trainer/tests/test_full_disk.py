import errno
import json
import os
import shutil
import subprocess
import sys

import pytest

from longwriter_trainer.failures import classify

# A small disk of its own for the output, in a namespace that needs no rights; what is left is copied out of it.
SMALL_DISK = """
mount -t tmpfs -o size=4m tmpfs "$1" || exit 99
"$2" -c "$3"
code=$?
rm -f "$1/filler"
cp -r "$1" "$4"
exit $code
"""

# Something else takes the disk before the second checkpoint, but for so many KiB.
FILLED = """
import os, runpy, sys
from longwriter_trainer.reporter import RunReporter

end = RunReporter.on_step_end


def filled(self, args, state, control, **more):
    if state.global_step == 3:
        disk = os.statvfs(self.job.output_dir)
        with open(self.job.output_dir + "/filler", "wb") as stream:
            stream.write(bytes(disk.f_bavail * disk.f_frsize - {room} * 1024))
    end(self, args, state, control, **more)


RunReporter.on_step_end = filled
sys.argv = ["x", {job!r}]
runpy.run_module("longwriter_trainer", run_name="__main__")
"""


def run_on_small_disk(job, room):
    """Runs a job whose disk has ``room`` KiB left for its second checkpoint; its output is a copy of what is left."""
    path, kept = job.folder / "job.json", job.folder / "kept"
    path.write_text(json.dumps(job.job))
    job.output.mkdir()
    arguments = [str(job.output), sys.executable, FILLED.format(room=room, job=str(path)), str(kept)]
    apart = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*apart, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine allows no namespaces of one's own")
    command = [*apart, "sh", "-c", SMALL_DISK, "sh", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    shutil.rmtree(job.output)
    shutil.move(kept, job.output)
    return done.returncode, done.stdout + done.stderr


# In the weights, in the optimizer's state, in the last of the small files.
@pytest.mark.parametrize("room", [60, 200, 400])
def test_a_full_disk_leaves_the_last_checkpoint_whole_and_the_run_goes_on_once_there_is_room(
    bench, monkeypatch, capfd, room
):
    full = bench()
    code, printed = run_on_small_disk(full, room)
    assert code == 5, printed
    last = full.events()[-1]
    assert (last["event"], last["kind"]) == ("run-error", "disk-full")
    assert f"{full.output} has 0.0 GiB free: make room and resume" in last["message"]
    assert [path.name for path in (full.output / "checkpoints").iterdir()] == ["step-2"]
    code, printed = full.run_here(monkeypatch, capfd)
    assert code == 0 and "going on from step 2" in printed, printed
    assert len(full.losses()) == 8


def test_a_full_disk_is_known_however_it_is_told():
    told = RuntimeError("what came of it")
    told.__context__ = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for error in (
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        Exception("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("[enforce fail at inline_container.cc:671] . unexpected pos 226688 vs 226576"),
        RuntimeError("[enforce fail at inline_container.cc:858] . PytorchStreamWriter failed writing file data/0"),
        told,
    ):
        assert classify(error) == ("disk-full", 5)
