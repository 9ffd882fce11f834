"""That packs and weightings compute what they say: against rows that are run one by one."""

import json
import math
from itertools import pairwise
from types import SimpleNamespace

import pytest

from longwriter_trainer.packing import pack

WEIGHTINGS = ["token", "sequence", "token-x-rows"]


def long_conversations():
    """Ten rows of 1 to 4 turns; the second answers are short, so that a row's mean is not a token's."""
    from conftest import TEXTS, conversation

    turns = [{"role": "user", "content": "More?"}, {"role": "assistant", "content": "No."}]
    rows = [conversation(index)["messages"] + turns * (index % 4) for index in range(9)]
    return [*rows, [{"role": "user", "content": "All!"}, {"role": "assistant", "content": " ".join(TEXTS[:6])}]]


def build(bench, base_model, packing, weighting, micro_batch_size=1, attention="sdpa"):
    """Builds the trainer of a job whose one step holds all rows; returns it with the rows' tokens and labels."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from longwriter_trainer.data import Row
    from longwriter_trainer.encode import encode_sft
    from longwriter_trainer.events import EventLog
    from longwriter_trainer.job import read_job
    from longwriter_trainer.reporter import RunReporter
    from longwriter_trainer.sft import make_sft_trainer

    made = bench()
    made.job["hyperparameters"] |= {
        "packing": packing,
        "loss_weighting": weighting,
        "micro_batch_size": micro_batch_size,
        "batch_size": 12,
        "max_length": 512,
    }
    made.output.mkdir()
    (made.folder / "job.json").write_text(json.dumps(made.job))
    job = read_job(made.folder / "job.json")
    tokenizer = AutoTokenizer.from_pretrained(base_model)
    rows = [Row(f"f:{at}", {"messages": messages}) for at, messages in enumerate(long_conversations())]
    encoded = encode_sft(rows, tokenizer, 512, "skip")
    model = AutoModelForCausalLM.from_pretrained(base_model, attn_implementation=attention)
    reporter = RunReporter(job, EventLog(made.output / "events.jsonl"), encoded)
    trainer = make_sft_trainer(job, model, tokenizer, encoded, reporter)
    tokens, labels = ([row.tolist() for row in column] for column in encoded.columns.values())
    return SimpleNamespace(trainer=trainer, model=model, reporter=reporter, rows=list(zip(tokens, labels, strict=True)))


def reference_loss(model, examples, weighting):
    """The loss of one step by its definition: each row by itself, without padding, packs or micro batches.

    ``examples`` are the packs of the step, each a list of rows (tokens, labels); a row that is not packed is one.
    """
    import torch
    from torch.nn.functional import cross_entropy

    total, count = 0.0, 0
    for rows in examples:
        losses = []
        for tokens, labels in rows:
            logits = model(input_ids=torch.tensor([tokens])).logits[0, :-1]
            each = cross_entropy(logits, torch.tensor(labels[1:]), reduction="none", ignore_index=-100)
            losses.append(each[torch.tensor(labels[1:]) != -100])
        if weighting == "token":
            total, count = total + torch.cat(losses).sum(), count + len(torch.cat(losses))
        elif weighting == "sequence":
            total, count = total + sum(loss.mean() for loss in losses), count + len(losses)
        else:
            total, count = total + torch.cat(losses).mean() * len(losses) / 30, count + 1
    return total / count


def examples_of(rows, packing):
    packs = pack([len(tokens) for tokens, _ in rows], 512) if packing else [[at] for at in range(len(rows))]
    return [[rows[at] for at in members] for members in packs]


def gradients(model):
    found = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    return found


@pytest.mark.parametrize("packing", [True, False], ids=["packs", "rows"])
@pytest.mark.parametrize(
    ("weighting", "micro_batch_size", "attention"),
    [*((weighting, 3, "sdpa") for weighting in WEIGHTINGS), ("token", 1, "eager"), ("token-x-rows", 1, "sdpa")],
)
def test_loss_and_gradients_are_those_of_rows_one_by_one(
    bench, base_model, packing, weighting, micro_batch_size, attention
):
    import torch

    built = build(bench, base_model, packing, weighting, micro_batch_size, attention)
    batches = list(built.trainer.get_train_dataloader())
    assert len(batches) == 12 / micro_batch_size
    count = built.trainer._get_num_items_in_batch(batches, torch.device("cpu"))
    loss = sum(built.trainer.training_step(built.model, batch, count) for batch in batches)
    computed = gradients(built.model)

    expected = reference_loss(built.model, examples_of(built.rows, packing), weighting)
    expected.backward()
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(computed, gradients(built.model), rtol=1e-4, atol=1e-6)


def test_a_rows_first_token_is_no_target_and_a_row_without_targets_counts_as_none():
    from longwriter_trainer.loss import weigh_targets

    labels, lengths = [7, 7, 7, 7, -100, -100, -100, 7], [3, 1, 2, 2]
    weights, count = weigh_targets(labels, lengths, "sequence")
    assert (weights.tolist(), count) == ([0, 0.5, 0.5, 0, 0, 0, 0, 1], 2)
    weights, count = weigh_targets(labels, lengths, "token-x-rows")
    assert (weights.tolist(), count) == (pytest.approx([0, 2 / 90, 2 / 90, 0, 0, 0, 0, 2 / 90]), 1)


def test_the_weightings_are_not_one_another(bench, base_model):
    built = build(bench, base_model, True, "token")
    losses = [reference_loss(built.model, examples_of(built.rows, True), weighting).item() for weighting in WEIGHTINGS]
    assert min(abs(a - b) for a, b in pairwise(losses)) > 1e-3


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_row_in_a_pack_does_not_see_its_neighbours(bench, base_model, attention):
    import torch

    built = build(bench, base_model, True, "token", attention=attention)
    example = next(example for example in built.trainer.train_dataset if len(example["seq_lengths"]) > 2)
    first, second, *_ = example["seq_lengths"]

    def logits_of(example):
        batch = built.trainer.data_collator([example])
        assert "attention_mask" not in batch
        with torch.no_grad():
            return built.model(input_ids=batch["input_ids"], position_ids=batch["position_ids"]).logits[0]

    before = logits_of(example)
    row = example["input_ids"][first : first + second]
    with torch.no_grad():
        alone = built.model(input_ids=torch.tensor([row])).logits[0]
    torch.testing.assert_close(before[first : first + second], alone, rtol=1e-4, atol=1e-5)
    example["input_ids"][:first] = [5] * first
    after = logits_of(example)
    torch.testing.assert_close(after[first:], before[first:], rtol=0, atol=1e-6)
    assert not torch.allclose(after[:first], before[:first])


@pytest.mark.parametrize("packing", [True, False], ids=["packs", "rows"])
def test_an_epoch_shows_every_row_once(bench, base_model, packing):
    built = build(bench, base_model, packing, "token", micro_batch_size=3)
    shown, empty = [], 0
    for batch in built.trainer.get_train_dataloader():
        if packing:
            starts = [*(batch["position_ids"][0] == 0).nonzero().flatten().tolist(), batch["input_ids"].shape[1]]
            spans = [(0, start, end) for start, end in pairwise(starts)]
        else:
            spans = [(at, 0, int(length)) for at, length in enumerate(batch["attention_mask"].sum(1))]
        for at, start, end in spans:
            tokens, labels = (batch[key][at, start:end].tolist() for key in ("input_ids", "labels"))
            if set(labels) == {-100}:
                empty += 1
            else:
                shown.append((tokens, labels))
    assert sorted(shown) == sorted(built.rows)
    assert empty == 12 - len(examples_of(built.rows, packing))


def test_padding_is_reported_of_packs_and_of_padded_batches(bench, base_model):
    packs = build(bench, base_model, True, "token")
    lengths = [len(tokens) for tokens, _ in packs.rows]
    number = len(pack(lengths, 512))
    share = pytest.approx(1 - sum(lengths) / (number * 512))
    assert packs.reporter.facts == {"packs": number, "padding_share": share}
    single = build(bench, base_model, False, "token", micro_batch_size=1)
    assert single.reporter.facts == {"packs": None, "padding_share": 0}
    padded = build(bench, base_model, False, "token", micro_batch_size=12)
    share = pytest.approx(1 - sum(lengths) / (len(lengths) * max(lengths)))
    assert padded.reporter.facts == {"packs": None, "padding_share": share}


def test_packing_without_flash_attention_is_said_to_be_slow(bench, base_model, capfd):
    build(bench, base_model, True, "token")
    assert capfd.readouterr().err.count("packing with sdpa attention: its mask is dense") == 1
    build(bench, base_model, False, "token")
    assert "dense" not in capfd.readouterr().err


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_the_loss_that_is_logged_is_the_one_that_is_minimised(bench, base_model, monkeypatch, capfd, weighting):
    from transformers import AutoModelForCausalLM

    run = bench()
    run.write_rows([{"messages": messages} for messages in long_conversations()])
    run.job["hyperparameters"] |= {
        "packing": True,
        "loss_weighting": weighting,
        "batch_size": 12,
        "max_steps": 1,
        "warmup_ratio": 0.0,
        "max_length": 512,
    }
    code, printed = run.run_here(monkeypatch, capfd)
    assert code == 0, printed
    built = build(bench, base_model, True, weighting)
    model = AutoModelForCausalLM.from_pretrained(base_model)
    expected = reference_loss(model, examples_of(built.rows, True), weighting).item()
    assert run.losses() == {1: pytest.approx(expected, rel=1e-4)}
    entropy_of_untrained = math.log(model.config.vocab_size)
    assert run.events("step-end")[0]["metrics"]["entropy"] == pytest.approx(entropy_of_untrained, rel=0.01)
