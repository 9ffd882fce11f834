import json
import shutil
import sys
from pathlib import Path

import pytest

from longwriter_trainer.events import read_events

GOLDEN = Path(__file__).parents[2] / "test" / "fixtures" / "probe-answers.json"


@pytest.fixture
def probe(tmp_path, base_model, monkeypatch, capfd):
    """Runs a probe of some models in this process: returns (exit code, printed, what each model's file holds)."""

    def run(*models, **changes):
        models = models or (base_model,)
        outputs = [tmp_path / "out" / f"answers-{index}.json" for index in range(len(models))]
        job = {
            "version": 1,
            "run_id": "test",
            "job_id": "test.probe.1",
            "models": [
                {"identity": f"model-{index}", "path": str(model), "output": str(outputs[index])}
                for index, model in enumerate(models)
            ],
            "prompts": [
                {"id": "a", "text": "Tell me of the storm."},
                {"id": "b", "text": "Tell me, in a few words, of the small boat that the storm took three times."},
                {"id": "c", "text": "Why?"},
            ],
            "chat_template": None,
            "trust_remote_code": False,
            "output_dir": str(tmp_path / "out"),
            "seed": 7,
            "max_tokens": 12,
            "temperature": 0.7,
            "top_p": 0.9,
            "repetition_penalty": 1.1,
            "batch_size": 2,
            "device": "cpu",
            **changes,
        }
        (tmp_path / "probe.json").write_text(json.dumps(job))
        monkeypatch.setattr(sys, "argv", ["probe", str(tmp_path / "probe.json")])
        from longwriter_trainer.probe import main

        code = main()
        captured = capfd.readouterr()
        written = [json.loads(output.read_text()) for output in outputs if output.exists()]
        return code, captured.out + captured.err, written

    return run


@pytest.fixture
def changed_model(tmp_path, base_model):
    """Saves the base model after ``change`` was made to its weights."""

    def save(change):
        import torch
        from transformers import AutoModelForCausalLM

        folder = tmp_path / "changed"
        shutil.copytree(base_model, folder)
        model = AutoModelForCausalLM.from_pretrained(base_model)
        with torch.no_grad():
            change(model)
        model.save_pretrained(folder)
        return folder

    return save


def texts(written):
    return [answer["text"] for answer in written["answers"]]


def test_each_model_answers_every_prompt_and_is_asked_once(probe, base_model, tmp_path):
    code, printed, (first, second) = probe(base_model, base_model)
    assert code == 0, printed
    assert [answer["prompt"] for answer in first["answers"]] == ["a", "b", "c"]
    assert all(answer["finite"] and 0 < answer["tokens"] <= 12 for answer in first["answers"])
    assert (first["model_identity"], second["model_identity"]) == ("model-0", "model-1")
    # What a model says does not depend on what was probed before it.
    assert texts(first) == texts(second)
    events = read_events(tmp_path / "out" / "events.jsonl")
    phases = ["load", "generate", "generate"]
    assert [event.get("phase") for event in events] == [*phases, *phases, None]
    assert [event.get("done") for event in events[:3]] == [None, 0, 2]
    assert events[-1]["event"] == "run-end"

    kept = tmp_path / "out" / "answers-0.json"
    kept.write_text("{}")
    assert probe(base_model, base_model)[0] == 0 and kept.read_text() == "{}"
    (tmp_path / "out" / "answers-1.json").unlink()
    assert texts(probe(base_model, base_model)[2][1]) == texts(first)


def test_prompts_answered_together_are_answered_as_each_alone(probe, tmp_path):
    greedy = {"temperature": 0, "top_p": None, "repetition_penalty": 1.0}
    together = probe(**greedy, batch_size=3)[2][0]
    (tmp_path / "out" / "answers-0.json").unlink()
    assert probe(**greedy, batch_size=1)[2][0]["answers"] == together["answers"]


def test_an_answer_ends_at_the_end_token_and_says_whether_it_came(probe, changed_model):
    def stopping(model):
        model.generation_config.eos_token_id = list(range(400))

    code, printed, (written,) = probe(changed_model(stopping))
    assert code == 0, printed
    assert all(answer["stopped"] and answer["tokens"] == 0 for answer in written["answers"])


def test_a_model_that_says_one_thing_for_ever_is_seen_to(probe, changed_model):
    def silent(model):
        model.model.norm.weight.zero_()

    code, printed, (written,) = probe(changed_model(silent), temperature=0, repetition_penalty=1.0)
    assert code == 0, printed
    for answer in written["answers"]:
        assert (answer["text"], answer["stopped"], answer["tokens"], answer["finite"]) == ("", False, 12, True)


@pytest.mark.parametrize("temperature", [0, 0.7])
def test_logits_that_are_not_finite_are_told_of_their_answer(probe, changed_model, temperature):
    def broken(model):
        model.model.norm.weight[0] = float("nan")

    code, printed, (written,) = probe(changed_model(broken), temperature=temperature)
    assert code == 0, printed
    assert [answer["finite"] for answer in written["answers"]] == [False, False, False]


def test_a_chat_template_of_the_job_takes_the_place_of_the_models(probe, base_model, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(base_model, bare)
    (bare / "chat_template.jinja").unlink(missing_ok=True)
    settings = json.loads((bare / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (bare / "tokenizer_config.json").write_text(json.dumps(settings))
    code, printed, _ = probe(bare)
    assert code == 2 and "has no chat template to ask it with; name one in training.chatTemplate" in printed
    template = tmp_path / "template.jinja"
    template.write_text("{% for message in messages %}{{ message['content'] }}{% endfor %}")
    code, printed, _ = probe(bare, chat_template=str(template))
    assert code == 0, printed


def test_a_model_that_does_not_load_is_named_and_not_tried_again(probe, base_model, tmp_path):
    torn = tmp_path / "torn"
    shutil.copytree(base_model, torn)
    (torn / "model.safetensors").write_bytes(b"torn")
    code, printed, written = probe(torn)
    assert (code, written) == (2, []) and f"Transformers cannot load {torn}" in printed
    last = read_events(tmp_path / "out" / "events.jsonl")[-1]
    assert (last["event"], last["kind"]) == ("run-error", "job-invalid")


BAD_PROBES = {
    "unknown key 'colour'": {"colour": 1},
    "'seed' is \"1\", expected an integer": {"seed": "1"},
    "'max_tokens' is 0, expected more than 0": {"max_tokens": 0},
    "'temperature' is -1, expected 0 or more": {"temperature": -1},
    "'top_p' is 0, expected more than 0": {"top_p": 0},
    "'prompts' is [], expected one at least": {"prompts": []},
    "'prompts' is \"a\", expected a list of objects": {"prompts": "a"},
    "prompts[0]: missing key 'text'": {"prompts": [{"id": "a"}]},
    "models[0]: unknown key 'name'": {"models": [{"identity": "x", "path": "y", "output": "/z", "name": "w"}]},
    "no absolute path: here": {"output_dir": "here"},
    "no model in /nowhere": {"models": [{"identity": "x", "path": "/nowhere", "output": "/z"}]},
}


@pytest.mark.parametrize("message", BAD_PROBES)
def test_a_bad_probe_exits_2_with_one_clear_line(probe, message):
    code, printed, written = probe(**BAD_PROBES[message])
    assert code == 2 and message in printed and printed.count("\n") == 1
    assert written == []


def test_the_golden_answers_have_the_keys_that_are_written_today(probe):
    (written,) = probe()[2]
    golden = json.loads(GOLDEN.read_text())
    assert golden.keys() == written.keys()
    assert {*golden["answers"][0]} == {*written["answers"][0]}
    assert all(type(golden["answers"][0][key]) is type(value) for key, value in written["answers"][0].items())
