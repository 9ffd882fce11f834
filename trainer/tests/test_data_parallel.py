"""That two processes train what one trains, on the CPU with gloo."""

import itertools
import json
import subprocess
import sys

import pytest

CASES = list(itertools.product([True, False], ["token", "sequence", "token-x-rows"]))
ONE_AFTER_ANOTHER = """
import runpy
import sys
for job in sys.argv[1:]:
    sys.argv[1:] = [job]
    try:
        runpy.run_module("longwriter_trainer", run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
"""


def launch(program, *jobs):
    """Runs the jobs as accelerate and torchrun do, in two processes, which import the libraries only once."""
    two = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", program, *jobs]
    done = subprocess.run(two, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200)
    assert done.returncode == 0, done.stdout


def test_two_processes_train_as_one_does_step_for_step(bench, tmp_path, monkeypatch, capfd):
    from safetensors.torch import load_file
    from torch.testing import assert_close

    runs = []
    for packing, weighting in CASES:
        one, two = bench(), bench()
        for run in (one, two):
            run.job["hyperparameters"] |= {"packing": packing, "loss_weighting": weighting, "batch_size": 4}
            (run.folder / "job.json").write_text(json.dumps(run.job))
        runs.append((one, two))
    program = tmp_path / "one_after_another.py"
    program.write_text(ONE_AFTER_ANOTHER)
    launch(str(program), *(str(two.folder / "job.json") for _, two in runs))
    for one, two in runs:
        code, printed = one.run_here(monkeypatch, capfd)
        assert code == 0, printed
        assert list(two.losses()) == list(one.losses()) == [1, 2, 3, 4]
        assert list(two.losses().values()) == pytest.approx(list(one.losses().values()), rel=1e-4)
        ended = [load_file(run.output / "model" / "model.safetensors") for run in (one, two)]
        assert_close(*ended, rtol=1e-4, atol=1e-5)
