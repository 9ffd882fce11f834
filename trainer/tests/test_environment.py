import dataclasses
import json
import shutil

import pytest


@pytest.fixture
def chosen(bench):
    from longwriter_trainer.job import Hyperparameters

    return Hyperparameters(**bench().job["hyperparameters"] | {"device": "auto", "precision": "bf16-autocast"})


def have(monkeypatch, cuda, flash):
    import torch

    from longwriter_trainer import environment

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(environment, "is_flash_attn_2_available", lambda: flash)


@pytest.mark.parametrize(
    ("cuda", "flash", "precision", "expected"),
    [
        (True, True, "bf16-autocast", "flash_attention_2"),
        (True, True, "float32", "sdpa"),
        (True, False, "bf16-autocast", "sdpa"),
        (False, True, "bf16-autocast", "sdpa"),
    ],
)
def test_auto_is_flash_attention_where_it_can_be(monkeypatch, chosen, cuda, flash, precision, expected):
    from longwriter_trainer.environment import attention_implementation

    have(monkeypatch, cuda, flash)
    assert attention_implementation(dataclasses.replace(chosen, precision=precision)) == expected


@pytest.mark.parametrize(
    ("cuda", "precision", "says"),
    [
        (False, "bf16-autocast", "no CUDA device"),
        (True, "float32", "set precision to bf16-autocast"),
        (True, "bf16-autocast", "install the dependency group flash"),
    ],
)
def test_flash_attention_by_name_says_what_it_lacks(monkeypatch, chosen, cuda, precision, says):
    from longwriter_trainer.environment import attention_implementation
    from longwriter_trainer.failures import JobInvalid

    have(monkeypatch, cuda, False)
    with pytest.raises(JobInvalid, match=says):
        attention_implementation(dataclasses.replace(chosen, attention="flash_attention_2", precision=precision))


def test_liger_kernels_need_cuda_and_their_package(monkeypatch, chosen):
    from longwriter_trainer import environment

    wanted = dataclasses.replace(chosen, liger=True)
    for cuda, package, expected in [(True, True, True), (True, False, False), (False, True, False)]:
        have(monkeypatch, cuda, False)
        monkeypatch.setattr(environment, "find_spec", lambda _, package=package: package or None)
        assert environment.uses_liger(wanted) is expected
    have(monkeypatch, True, False)
    assert not environment.uses_liger(dataclasses.replace(wanted, liger=False))


def test_what_the_node_lacks_is_a_job_that_is_invalid(bench, monkeypatch, capfd):
    flash = bench()
    flash.job["hyperparameters"]["attention"] = "flash_attention_2"
    code, printed = flash.run_here(monkeypatch, capfd)
    assert code == 2 and "attention flash_attention_2: this node has no CUDA device" in printed

    reported = bench()
    reported.job["report_to"] = ["wandb"]
    code, printed = reported.run_here(monkeypatch, capfd)
    assert code == 2 and "report_to wandb: not installed here" in printed
    assert reported.events()[-1]["kind"] == "job-invalid"


def test_code_of_a_model_runs_only_where_the_job_trusts_it(bench, base_model, tmp_path, monkeypatch, capfd):
    strange = tmp_path / "strange"
    shutil.copytree(base_model, strange)
    config = json.loads((strange / "config.json").read_text())
    config |= {"model_type": "strange", "auto_map": {"AutoConfig": "strange.C", "AutoModelForCausalLM": "strange.M"}}
    (strange / "config.json").write_text(json.dumps(config))
    (strange / "strange.py").write_text(
        "from transformers import LlamaConfig, LlamaForCausalLM\n\n\n"
        "class C(LlamaConfig):\n    model_type = 'strange'\n\n\n"
        "class M(LlamaForCausalLM):\n    config_class = C\n"
    )
    refused, trusted = bench(), bench()
    for job, trust in ((refused, False), (trusted, True)):
        job.job |= {"base_model": str(strange), "trust_remote_code": trust}
        job.job["hyperparameters"] |= {"max_steps": 1, "warmup_ratio": 0.0}
    code, printed = refused.run_here(monkeypatch, capfd)
    assert code == 2 and "trust_remote_code" in printed, printed
    code, printed = trusted.run_here(monkeypatch, capfd)
    assert code == 0, printed
