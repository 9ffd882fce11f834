import json

import pytest


def adapted(bench, method="sft", **changes):
    job = bench(method)
    job.job["hyperparameters"] |= {
        "lora_rank": 4,
        "lora_alpha": 8,
        "lora_dropout": 0.1,
        "lora_targets": ["all-linear"],
        "learning_rate": 1e-2,
        **changes,
    }
    return job


@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_adapters_are_trained_alone_and_merged_into_an_ordinary_model(bench, base_model, monkeypatch, capfd, method):
    import torch
    from transformers import AutoModelForCausalLM

    job = adapted(bench, method)
    code, printed = job.run_here(monkeypatch, capfd)
    assert code == 0, printed
    losses = list(job.losses().values())
    assert losses[-1] < losses[0]
    checkpoint = job.output / "checkpoints" / "step-6"
    assert (checkpoint / "adapter_model.safetensors").is_file() and not (checkpoint / "model.safetensors").exists()
    assert sorted(path.name for path in (job.output / "model").glob("*adapter*")) == []
    before = AutoModelForCausalLM.from_pretrained(base_model).state_dict()
    after = AutoModelForCausalLM.from_pretrained(job.output / "model").state_dict()
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if "_proj" in name}


def test_adapters_go_only_where_they_are_told(bench, base_model, monkeypatch, capfd):
    from safetensors import safe_open

    job = adapted(bench, lora_targets=["q_proj", "v_proj"], max_steps=3)
    assert job.run_here(monkeypatch, capfd)[0] == 0
    with safe_open(job.output / "checkpoints" / "step-2" / "adapter_model.safetensors", "pt") as tensors:
        assert {name.split(".")[-3] for name in tensors.keys()} == {"q_proj", "v_proj"}


@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_adapters_go_on_from_a_checkpoint_as_if_not_stopped(bench, monkeypatch, capfd, method):
    whole = adapted(bench, method)
    assert whole.run_here(monkeypatch, capfd)[0] == 0
    cut = adapted(bench, method)
    cut.job["resume_from"] = str(whole.output / "checkpoints" / "step-4")
    code, printed = cut.run_here(monkeypatch, capfd)
    assert code == 0 and "going on from step 4" in printed, printed
    assert cut.losses() == {step: loss for step, loss in whole.losses().items() if step > 4}
    files = [json.loads((run.output / "model" / "complete.json").read_text())["files"] for run in (whole, cut)]
    assert files[0] == files[1]
    assert (whole.output / "model" / "model.safetensors").read_bytes() == (
        cut.output / "model" / "model.safetensors"
    ).read_bytes()


def test_the_reference_of_adapters_is_the_model_without_them(bench, monkeypatch, capfd):
    losses = []
    for precompute in (True, False):
        job = adapted(bench, "dpo", precompute_reference=precompute, lora_dropout=0.0, max_steps=4)
        assert job.run_here(monkeypatch, capfd)[0] == 0
        losses.append(list(job.losses().values()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
