import errno
import hashlib
import json
import shutil

import pytest
from conftest import conversation, pair

from longwriter_trainer.failures import classify, describe


def test_the_loss_counts_the_answer_and_its_end_token_and_nothing_of_the_prompt(base_model):
    from transformers import AutoTokenizer

    from longwriter_trainer.data import Row
    from longwriter_trainer.encode import encode_sft

    tokenizer = AutoTokenizer.from_pretrained(base_model)
    turns = [
        ("system", "Be brief."),
        ("user", "One?"),
        ("assistant", "Two."),
        ("user", "And?"),
        ("assistant", "Three."),
    ]
    messages = [{"role": role, "content": content} for role, content in turns]
    encoded = encode_sft([Row("f:1", {"messages": messages})], tokenizer, 512, "skip")
    ids, labels = encoded.columns["input_ids"][0], encoded.columns["labels"][0]
    assert tokenizer.decode(ids) == tokenizer.apply_chat_template(messages, tokenize=False)
    assert tokenizer.decode([label for label in labels if label != -100]) == "Two.<|im_end|>Three.<|im_end|>"
    assert all(label in (-100, token) for label, token in zip(labels, ids, strict=True))


@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_rows_that_are_too_long_are_skipped_and_counted_or_cut(base_model, capfd, method):
    from conftest import conversation, pair
    from transformers import AutoTokenizer

    from longwriter_trainer import encode
    from longwriter_trainer.data import Row
    from longwriter_trainer.failures import DataInvalid

    tokenizer = AutoTokenizer.from_pretrained(base_model)
    make, run = (conversation, encode.encode_sft) if method == "sft" else (pair, encode.encode_dpo)
    rows = [Row(f"f:{index}", make(index)) for index in range(3)]
    prompt = conversation(0)["messages"][:1]
    fits = len(tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=True)["input_ids"]) + 14
    cut = run(rows, tokenizer, fits, "cut")
    over_long = ["f:1", "f:2"] if method == "sft" else ["f:0", "f:1", "f:2"]
    assert (cut.rows, cut.skipped, cut.cut) == (3, [], over_long)
    if method == "sft":
        assert max(map(len, cut.columns["input_ids"])) == fits
    else:
        pairs = zip(cut.columns["prompt_ids"], cut.columns["chosen_ids"], strict=True)
        assert max(len(start) + len(answer) for start, answer in pairs) == fits
    with pytest.raises(DataInvalid, match="longer than max_length"):
        run(rows * 2, tokenizer, 5, "skip")
    printed = capfd.readouterr().out
    assert f"cut {len(over_long)} rows longer than max_length {fits}: {', '.join(over_long)}\n" in printed
    assert "skipped 6 rows longer than max_length 5: f:0, f:1, f:2, f:0, f:1, ...\n" in printed


BAD_JOBS = {
    "unknown key 'colour'": lambda job: job.update(colour=1),
    "missing key 'seed'": lambda job: job.pop("seed"),
    "'seed' is \"1\", expected an integer": lambda job: job.update(seed="1"),
    "'seed' is true": lambda job: job.update(seed=True),
    "unknown key 'lr'": lambda job: job["hyperparameters"].update(lr=1),
    "missing key 'save_steps'": lambda job: job["hyperparameters"].pop("save_steps"),
    "'save_steps' is 0, expected more than 0": lambda job: job["hyperparameters"].update(save_steps=0),
    "unknown key 'beta' (it belongs to dpo)": lambda job: job["hyperparameters"].update(beta=0.1),
    "batch_size 3 is no multiple of micro_batch_size 2": lambda job: job["hyperparameters"].update(
        batch_size=3, micro_batch_size=2
    ),
    "'over_long' is \"drop\"": lambda job: job["hyperparameters"].update(over_long="drop"),
    "'version' is 2": lambda job: job.update(version=2),
    "'train_files' is []": lambda job: job.update(train_files=[]),
    "no model in base_model": lambda job: job.update(base_model="/nowhere"),
    "is no absolute path": lambda job: job.update(output_dir="here"),
    "missing key 'beta'": lambda job: job.update(method="dpo"),
}


@pytest.mark.parametrize("message", BAD_JOBS)
def test_a_bad_job_exits_2_with_one_clear_line(bench, monkeypatch, capfd, message):
    bad = bench()
    BAD_JOBS[message](bad.job)
    code, printed = bad.run_here(monkeypatch, capfd)
    assert code == 2 and message in printed and printed.count("\n") == 1
    assert not bad.output.exists()


def test_a_training_of_one_step_that_is_warm_up_is_refused_and_a_constant_rate_has_none(bench, monkeypatch, capfd):
    idle, constant = bench(), bench()
    for one in (idle, constant):
        one.job["hyperparameters"]["max_steps"] = 1
    constant.job["hyperparameters"]["lr_scheduler"] = "constant"
    code, printed = idle.run_here(monkeypatch, capfd)
    assert code == 2 and "its only step is warm-up" in printed, printed
    assert not (idle.output / "model").exists() and not idle.events("run-start")
    code, printed = constant.run_here(monkeypatch, capfd)
    assert code == 0, printed


GOOD = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
BAD_ROWS = {
    "rows.jsonl: no rows": "\n",
    "rows.jsonl:2: no JSON": GOOD + "{\n",
    "rows.jsonl:2: no column 'messages'": GOOD + '{"text": "a"}\n',
    "rows.jsonl:1: 'messages' is no list": '{"messages": "a"}\n',
    "rows.jsonl:1: a message of 'messages' lacks": '{"messages": [{"role": "user"}]}\n',
    "rows.jsonl:1: 'messages' does not end in an assistant": '{"messages": [{"role": "user", "content": "a"}]}\n',
}


@pytest.mark.parametrize("message", BAD_ROWS)
def test_bad_data_exits_3_and_names_file_and_line(bench, monkeypatch, capfd, message):
    bad = bench()
    bad.rows.write_text(BAD_ROWS[message])
    code, printed = bad.run_here(monkeypatch, capfd)
    assert code == 3 and message in printed
    assert bad.events()[-1]["event"] == "run-error" and message in bad.events()[-1]["message"]


def test_a_template_that_drops_the_answer_or_that_none_renders_alike_exits_3(
    bench, base_model, tmp_path, monkeypatch, capfd
):
    import shutil

    for name, template, message in [
        (
            "dropping",
            "{% for m in messages if m['role'] == 'user' %}{{ m['content'] }}{% endfor %}",
            "no training template",
        ),
        (
            "marked",
            "{% for m in messages %}{% if m['role'] == 'never' %}{% generation %}x{% endgeneration %}{% endif %}"
            "{% endfor %}<|im_end|>",
            "rows.jsonl:1: the chat template drops the assistant's turn",
        ),
    ]:
        odd = tmp_path / f"model-{name}"
        shutil.copytree(base_model, odd)
        (odd / "chat_template.jinja").write_text(template)
        bad = bench()
        bad.job["base_model"] = str(odd)
        code, printed = bad.run_here(monkeypatch, capfd)
        assert code == 3 and message in printed, printed


def test_what_ends_a_run_has_its_exit_code():
    assert classify(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 1 TB"))[1] == 4
    assert classify(MemoryError())[1] == 4
    assert classify(OSError(errno.EIO, "input/output error"))[1] == 75
    assert classify(ValueError("what"))[1] == 1


def test_out_of_memory_says_what_to_do_in_one_line(tmp_path):
    error = RuntimeError("CUDA out of memory. Tried to allocate 2 GiB.\nSee the documentation.")
    kind, _ = classify(error)
    assert describe(error, kind, tmp_path) == (
        "CUDA out of memory. Tried to allocate 2 GiB.; use a smaller micro_batch_size or max_length, "
        "gradient_checkpointing, LoRA, or offload to the CPU"
    )


def test_the_command_without_a_job_says_how_to_use_it(monkeypatch, capfd):
    from longwriter_trainer.__main__ import main

    monkeypatch.setattr("sys.argv", ["longwriter_trainer"])
    assert main() == 2 and "usage" in capfd.readouterr().err


def test_importing_and_exporting_do_nothing_where_the_result_is_whole(tmp_path):
    from longwriter_trainer.checkpoints import mark_whole
    from longwriter_trainer.export_gguf import export_gguf
    from longwriter_trainer.import_gguf import import_gguf

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps({}))
    mark_whole(tmp_path / "model", {})
    assert import_gguf(tmp_path / "none.gguf", tmp_path / "model") is False
    (tmp_path / "there.gguf").write_text("x")
    assert export_gguf(tmp_path / "model", tmp_path / "there.gguf", "q8_0", tmp_path) is False


def no_template(folder):
    (folder / "chat_template.jinja").write_text("{% for message in %}")


def no_config(folder):
    (folder / "config.json").write_text("{}")


def torn_weights(folder):
    (folder / "model.safetensors").write_bytes(b"torn")


@pytest.mark.parametrize("method", ["sft", "dpo"])
@pytest.mark.parametrize("spoil", [no_template, no_config, torn_weights])
def test_a_model_that_cannot_be_read_is_an_invalid_job(bench, tmp_path, monkeypatch, capfd, spoil, method):
    job = bench(method)
    spoiled = tmp_path / "spoiled"
    shutil.copytree(job.job["base_model"], spoiled)
    spoil(spoiled)
    job.job["base_model"] = str(spoiled)
    code, _ = job.run_here(monkeypatch, capfd)
    assert (code, job.events()[-1]["kind"]) == (2, "job-invalid"), job.events()[-1]


@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_a_row_that_the_template_refuses_is_named(bench, monkeypatch, capfd, method):
    job = bench(method)
    template = job.folder / "template.jinja"
    marked = "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    template.write_text(
        "{% for message in messages %}{% if message['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{{ '<|im_start|>' + message['role'] }}{% if message['role'] == 'assistant' %}" + marked + "{% else %}"
        "{{ message['content'] }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant' }}{% endif %}"
    )
    job.job |= {
        "chat_template": str(template),
        "chat_template_sha256": hashlib.sha256(template.read_bytes()).hexdigest(),
    }
    turn = {"role": "system", "content": "Be brief."}
    row = conversation(0) if method == "sft" else pair(0)
    column = "messages" if method == "sft" else "prompt"
    job.write_rows([row | {column: [turn, *row[column]]}])
    code, _ = job.run_here(monkeypatch, capfd)
    assert code == 3
    assert "rows.jsonl:1: the chat template refuses it: no system" in job.events()[-1]["message"]
