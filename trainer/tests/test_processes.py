import os
import signal
import time
from pathlib import Path

import pytest
from conftest import conversation, pair

from longwriter_trainer.checkpoints import is_whole

TWO = "--multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no".split()

FAILING_RANK = """
import os
import torch
from longwriter_trainer.reporter import RunReporter

end = RunReporter.on_step_end


def failing(self, args, state, control, **more):
    if os.environ["RANK"] == "1" and state.global_step == 3:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    end(self, args, state, control, **more)


RunReporter.on_step_end = failing
"""


def wait_for_step(job, process):
    deadline = time.monotonic() + 120
    while not job.events("step-end") and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    assert job.events("step-end"), process.communicate()[0]


def ranks_of(process):
    """The processes that a launcher has started, by what they run."""
    pids = map(int, filter(str.isdigit, os.listdir("/proc")))
    return [pid for pid in pids if status_of(pid)[1] == str(process.pid)]


def status_of(pid):
    """State and parent of a process; Z where there is none, or nobody has asked how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[:2]
    except OSError:
        return "Z", None


def any_runs(pids):
    return any(status_of(pid)[0] != "Z" for pid in pids)


def test_two_processes_do_dpo_as_one_does(bench, monkeypatch, capfd):
    one, two = bench("dpo"), bench("dpo")
    for job in (one, two):
        job.write_rows([pair(index) for index in range(8)])
    assert one.run_here(monkeypatch, capfd)[0] == 0
    code, printed = two.run(launcher=TWO)
    assert code == 0, printed
    assert list(two.losses().values()) == pytest.approx(list(one.losses().values()), rel=1e-4)


def test_sigterm_stops_all_processes_at_one_step_and_the_run_goes_on_as_if_not_stopped(bench):
    whole, stopped = bench(), bench()
    for job in (whole, stopped):
        job.write_rows([conversation(index) for index in range(8)])
        job.job["hyperparameters"] |= {"epochs": 100, "save_steps": 10000, "lora_rank": 2}
    assert whole.run(launcher=TWO)[0] == 0
    process = stopped.start(launcher=TWO)
    wait_for_step(stopped, process)
    ranks = ranks_of(process)
    assert len(ranks) == 2
    os.killpg(process.pid, signal.SIGTERM)
    printed, _ = process.communicate(timeout=100)
    saved, told = stopped.events()[-2:]
    assert (saved["event"], told["event"], told["kind"]) == ("checkpoint-saved", "run-error", "stopped"), printed
    assert saved["step"] == told["step"] < 400
    assert is_whole(Path(saved["path"]))
    assert {path.name for path in Path(saved["path"]).glob("rng_state*")} == {"rng_state_0.pth", "rng_state_1.pth"}
    assert not any_runs(ranks)
    code, printed = stopped.run(launcher=TWO)
    assert code == 0 and f"going on from step {saved['step']}" in printed, printed
    assert stopped.losses() == whole.losses()


def test_what_ends_another_process_first_is_what_the_run_ended_of(bench):
    failing = bench()
    code, printed = failing.run(FAILING_RANK, launcher=TWO)
    assert code == 1, printed
    errors = failing.events("run-error")
    assert [(error["kind"], error["rank"]) for error in errors] == [("out-of-memory", 1)], printed
    assert errors[0]["message"].endswith("or offload to the CPU")


def test_processes_end_with_their_launcher(bench):
    orphaned = bench()
    orphaned.job["hyperparameters"] |= {"epochs": 4000, "save_steps": 100000}
    process = orphaned.start(launcher=TWO)
    wait_for_step(orphaned, process)
    ranks = ranks_of(process)
    assert len(ranks) == 2
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    deadline = time.monotonic() + 20
    while any_runs(ranks) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any_runs(ranks)
