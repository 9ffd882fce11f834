import json
import signal
import time
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[2] / "test" / "fixtures" / "trainer-events.jsonl"


def shape(events):
    """Event names with their keys (and the keys of metrics), without repetition, in order of first appearance."""
    shapes = []
    for event in events:
        found = (event["event"], sorted(event), sorted(event.get("metrics", {})))
        if found not in shapes:
            shapes.append(found)
    return shapes


def test_an_sft_run_trains_and_leaves_a_model_that_stock_transformers_loads(bench, base_model, monkeypatch, capfd):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    sft = bench()
    code, printed = sft.run_here(monkeypatch, capfd)
    assert code == 0, printed
    names = [event["event"] for event in sft.events()]
    assert [event["phase"] for event in sft.events("phase-start")] == [
        "load",
        "tokenize",
        "preflight",
        "weights",
        "train",
        "save",
    ]
    assert names[2:6] == ["phase-start", "preflight", "phase-start", "run-start"] and names[-1] == "run-end"
    start = sft.events("run-start")[0]
    assert (start["total_steps"], start["rows"], start["skipped_rows"], start["device"]) == (8, 7, 0, "cpu")
    losses = list(sft.losses().values())
    assert len(losses) == 8 and losses[-1] < losses[0]
    assert sft.events("run-end")[0]["train_loss"] == pytest.approx(sum(losses) / 8)
    assert sorted(path.name for path in (sft.output / "checkpoints").iterdir()) == ["step-4", "step-6"]
    assert json.loads((sft.output / "model" / "complete.json").read_text())["step"] == 8
    model = AutoModelForCausalLM.from_pretrained(sft.output / "model")
    tokenizer = AutoTokenizer.from_pretrained(sft.output / "model")
    assert tokenizer.chat_template == AutoTokenizer.from_pretrained(base_model).chat_template
    assert "generation %}" not in tokenizer.chat_template
    assert str(model.dtype) == "torch.float32"

    again, printed = sft.run_here(monkeypatch, capfd)
    assert (again, "already done" in printed, len(sft.events("run-end"))) == (0, True, 1)
    kept = [line for line in (sft.output / "events.jsonl").read_text().splitlines() if '"run-end"' not in line]
    (sft.output / "events.jsonl").write_text("\n".join(kept) + "\n")
    assert sft.run_here(monkeypatch, capfd)[0] == 0
    assert sft.events()[-1]["event"] == "run-end" and sft.events()[-1]["step"] == 8


def test_a_dpo_run_trains_with_a_supervised_term(bench, monkeypatch, capfd):
    dpo = bench("dpo")
    code, printed = dpo.run_here(monkeypatch, capfd)
    assert code == 0, printed
    first, *_, last = dpo.events("step-end")
    assert first["metrics"]["rewards/margins"] == pytest.approx(0, abs=1e-4)
    assert last["metrics"]["rewards/margins"] > 0
    assert (dpo.output / "model" / "complete.json").exists()


def test_a_precomputed_reference_gives_the_losses_of_one_held_in_memory(bench, monkeypatch, capfd):
    losses = []
    for precompute in (True, False):
        dpo = bench("dpo")
        dpo.job["hyperparameters"] |= {"precompute_reference": precompute, "sft_weight": 0, "max_steps": 3}
        code, printed = dpo.run_here(monkeypatch, capfd)
        assert code == 0, printed
        losses.append(list(dpo.losses().values()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@pytest.mark.parametrize(
    ("method", "settings"),
    [("sft", {}), ("sft", {"packing": True, "loss_weighting": "sequence", "max_steps": 8}), ("dpo", {})],
    ids=["rows", "packs", "dpo"],
)
def test_a_killed_run_goes_on_and_equals_one_that_was_not_stopped(bench, monkeypatch, capfd, method, settings):
    whole, killed = bench(method), bench(method)
    for run in (whole, killed):
        run.job["hyperparameters"] |= settings
    assert whole.run_here(monkeypatch, capfd)[0] == 0
    kill = (
        "from longwriter_trainer.reporter import RunReporter as R\nimport os\nlog = R.on_log\n"
        "def on_log(self, a, state, c, **k):\n    log(self, a, state, c, **k)\n"
        "    if state.global_step == 5: os.kill(os.getpid(), 9)\nR.on_log = on_log"
    )
    assert killed.run(kill)[0] == -signal.SIGKILL
    with (killed.output / "events.jsonl").open("a") as stream:
        stream.write('{"event": "step-')
    (killed.output / "checkpoints" / "checkpoint-6").mkdir()
    code, printed = killed.run_here(monkeypatch, capfd)
    assert code == 0 and "going on from step 4" in printed, printed
    assert [event["step"] for event in killed.events("step-end")] == [1, 2, 3, 4, 5, 5, 6, 7, 8]
    assert killed.losses() == whole.losses()
    assert killed.events("run-end")[0]["train_loss"] == whole.events("run-end")[0]["train_loss"]
    tokens = [[event["num_tokens"] for event in run.events("step-end")][-1] for run in (killed, whole)]
    assert tokens[0] == tokens[1]
    assert not (killed.output / "checkpoints" / "checkpoint-6").exists()


def test_sigterm_saves_a_checkpoint_and_exits_143(bench, monkeypatch, capfd):
    stopped = bench()
    stopped.job["hyperparameters"] |= {"epochs": 4000, "save_steps": 100000}
    process = stopped.start()
    deadline = time.monotonic() + 60
    while not stopped.events("step-end") and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 143, printed
    saved, told = stopped.events()[-2:]
    assert saved["event"] == "checkpoint-saved" and saved["step"] == stopped.events("step-end")[-1]["step"]
    assert (Path(saved["path"]) / "complete.json").exists()
    assert (told["event"], told["kind"]) == ("run-error", "stopped")


def test_a_torn_checkpoint_is_skipped_and_named_and_another_models_is_refused(bench, monkeypatch, capfd):
    torn = bench()
    assert torn.run_here(monkeypatch, capfd)[0] == 0
    losses = torn.losses()
    (torn.output / "model" / "complete.json").unlink()
    weights = torn.output / "checkpoints" / "step-6" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    code, printed = torn.run_here(monkeypatch, capfd)
    assert code == 0 and f"skipping a torn checkpoint: {weights.parent}" in printed
    assert "going on from step 4" in printed and torn.losses() == losses

    fetched = bench()
    fetched.job["resume_from"] = str(torn.output / "checkpoints" / "step-6")
    code, printed = fetched.run_here(monkeypatch, capfd)
    assert code == 0 and "going on from step 6" in printed and fetched.losses() == {7: losses[7], 8: losses[8]}

    other = bench()
    other.job |= {"resume_from": fetched.job["resume_from"], "model_identity": "another"}
    code, printed = other.run_here(monkeypatch, capfd)
    assert code == 2 and "a checkpoint of another model" in printed


def test_a_loss_that_is_not_finite_is_an_error_and_is_never_saved(bench, monkeypatch, capfd):
    from longwriter_trainer import training

    broken = bench()
    load = training.load_model

    def load_broken(job):
        model = load(job)
        model.model.norm.weight.data[0] = float("nan")
        return model

    monkeypatch.setattr(training, "load_model", load_broken)
    code, _ = broken.run_here(monkeypatch, capfd)
    assert code == 1
    last = broken.events()[-1]
    assert (last["event"], last["kind"]) == ("run-error", "loss-not-finite")
    assert "at step 1; the last checkpoint is from before: lower learning_rate" in last["message"]
    assert broken.events("step-end")[0]["loss"] is None
    assert not list((broken.output / "checkpoints").glob("*"))


def test_a_second_trainer_in_one_folder_is_told_to_try_again(bench, monkeypatch, capfd):
    import fcntl

    taken = bench()
    taken.output.mkdir()
    with (taken.output / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert taken.run_here(monkeypatch, capfd)[0] == 75


def test_the_golden_events_have_the_names_and_keys_that_are_written_today(bench, monkeypatch, capfd):
    sft, bad = bench(), bench()
    assert sft.run_here(monkeypatch, capfd)[0] == 0
    bad.rows.write_text("")
    assert bad.run_here(monkeypatch, capfd)[0] == 3
    golden = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    assert shape(golden) == shape(sft.events() + bad.events("run-error"))
    assert all(event["version"] == 1 and event["time"].endswith("Z") for event in golden)
