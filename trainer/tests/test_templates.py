import hashlib
import json
import shutil

import pytest

from longwriter_trainer.chat_template import TEMPLATES, training_template
from longwriter_trainer.data import Row
from longwriter_trainer.failures import DataInvalid

TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Two.\n\nAnd more."},
    {"role": "user", "content": "Three?"},
    {"role": "assistant", "content": "Four."},
]
GLM4 = (
    "[gMASK]<sop>{% for item in messages %}<|{{ item['role'] }}|>\n{{ item['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
GLM4_TOKENS = ["<|endoftext|>", "[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"]


def tokenizer_of(special, eos, bos=None):
    """A byte-level tokenizer without merges; like Llama's it writes ``bos`` before a text unless told not to."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={character: at for at, character in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, tokenizer.token_to_id(bos))]
        )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=eos, bos_token=bos)


def encode(tokenizer, messages):
    """Returns the text that is trained on, its tokens, and the text that the loss counts."""
    from longwriter_trainer.encode import encode_sft

    columns = encode_sft([Row("f:1", {"messages": messages})], tokenizer, 512, "skip").columns
    tokens, labels = columns["input_ids"][0].tolist(), columns["labels"][0].tolist()
    assert all(label in (-100, token) for label, token in zip(labels, tokens, strict=True))
    return tokenizer.decode(tokens), tokens, tokenizer.decode([label for label in labels if label != -100])


@pytest.mark.parametrize("given", [GLM4, (TEMPLATES / "glm4.jinja").read_text()], ids=["own", "shipped"])
def test_glm4_learns_its_answers_and_what_ends_them(given):
    tokenizer = tokenizer_of(GLM4_TOKENS, "<|endoftext|>")
    tokenizer.chat_template = given
    text, tokens, learnt = encode(tokenizer, TURNS)
    tokenizer.chat_template = GLM4
    assert text == tokenizer.apply_chat_template(TURNS, tokenize=False) + "<|endoftext|>"
    assert text.startswith("[gMASK]<sop><|system|>\nBe brief.<|user|>\nOne?<|assistant|>\nTwo.")
    assert learnt == "\nTwo.\n\nAnd more.<|user|>\nFour.<|endoftext|>"
    assert set(tokenizer.convert_tokens_to_ids(["[gMASK]", "<sop>", "<|endoftext|>"])) <= set(tokens)


def test_glm4s_shipped_template_asks_for_an_answer_as_the_models_own_does():
    tokenizer = tokenizer_of(GLM4_TOKENS, "<|endoftext|>")
    prompts = []
    for template in (GLM4, (TEMPLATES / "glm4.jinja").read_text()):
        tokenizer.chat_template = template
        prompts.append(tokenizer.apply_chat_template(TURNS[:-1], tokenize=False, add_generation_prompt=True))
    assert prompts[0] == prompts[1] and prompts[0].endswith("Three?<|assistant|>")


def test_llama_has_the_papers_form_with_one_bos_and_an_end_after_each_answer():
    special = ["<|begin_of_text|>", "<|end_of_text|>"]
    tokenizer = tokenizer_of(special, "<|end_of_text|>", "<|begin_of_text|>")
    tokenizer.chat_template = (TEMPLATES / "longwriter-llama.jinja").read_text()
    text, tokens, learnt = encode(tokenizer, TURNS)
    assert text == (
        "<|begin_of_text|><<SYS>>\nBe brief.\n<</SYS>>\n\n[INST]One?[/INST]Two.\n\nAnd more.<|end_of_text|>"
        "[INST]Three?[/INST]Four.<|end_of_text|>"
    )
    assert tokens.count(tokenizer.bos_token_id) == 1 and tokens[0] == tokenizer.bos_token_id
    assert learnt == "Two.\n\nAnd more.<|end_of_text|>Four.<|end_of_text|>"
    prompt = tokenizer.apply_chat_template(TURNS[1:2], tokenize=False, add_generation_prompt=True)
    assert prompt == "<|begin_of_text|>[INST]One?[/INST]"
    with pytest.raises(DataInvalid, match="f:1: the chat template refuses it: no form for the role tool"):
        encode(tokenizer, [{"role": "tool", "content": "4"}, *TURNS])


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for m in messages %}{{ m['role'] + m['content'] + eos_token }}{% endfor %}", "no training template"),
        (
            "{% for m in messages %}{%- generation %}{{ m['content'] }}{% endgeneration %}{{ eos_token }}{% endfor %}",
            "do not end in a special token",
        ),
    ],
)
def test_a_template_that_hides_the_answers_or_their_end_is_refused(template, message):
    tokenizer = tokenizer_of(GLM4_TOKENS, "<|endoftext|>")
    tokenizer.chat_template = template
    with pytest.raises(DataInvalid, match=message):
        training_template(tokenizer)


def test_a_given_template_is_trained_with_and_kept_in_the_model(bench, monkeypatch, capfd):
    from transformers import AutoTokenizer

    template = TEMPLATES / "longwriter-llama.jinja"
    sha256 = hashlib.sha256(template.read_bytes()).hexdigest()
    given = bench()
    given.job |= {"chat_template": str(template), "chat_template_sha256": sha256}
    given.job["hyperparameters"] |= {"max_steps": 1, "warmup_ratio": 0.0}
    code, printed = given.run_here(monkeypatch, capfd)
    assert code == 0, printed
    assert given.events("run-start")[0]["chat_template_sha256"] == sha256
    tokenizer = AutoTokenizer.from_pretrained(given.output / "model")
    assert tokenizer.chat_template == template.read_text()


def test_without_a_template_a_base_model_is_refused_with_what_to_do(bench, base_model, tmp_path, monkeypatch, capfd):
    base = tmp_path / "base"
    shutil.copytree(base_model, base)
    (base / "chat_template.jinja").unlink()
    bare = bench()
    bare.job["base_model"] = str(base)
    code, printed = bare.run_here(monkeypatch, capfd)
    assert code == 2 and f"{base} has no chat template: set training.chatTemplate" in printed


@pytest.mark.parametrize(
    ("file", "sha256", "message"),
    [
        ("glm4.jinja", "0" * 64, "expected 0000"),
        ("none.jinja", "0" * 64, "none.jinja: No such file"),
        ("glm4.jinja", None, "are given together"),
    ],
)
def test_a_template_that_is_not_the_one_of_the_job_is_refused(bench, monkeypatch, capfd, file, sha256, message):
    changed = bench()
    changed.job |= {"chat_template": str(TEMPLATES / file), "chat_template_sha256": sha256}
    code, printed = changed.run_here(monkeypatch, capfd)
    assert code == 2 and message in printed and printed.count("\n") == 1


def test_answers_lose_their_zero_width_characters_and_prompts_keep_them(tmp_path):
    from longwriter_trainer.data import read_rows

    file = tmp_path / "rows.jsonl"
    text = "a\u200bb\u200cc\u200dd\ufeffe"
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": text}]
    file.write_text(json.dumps({"messages": messages}))
    assert [message["content"] for message in read_rows([str(file)], "sft")[0].columns["messages"]] == [text, "abcde"]
    messages[1]["content"] = "\u200b\ufeff"
    file.write_text(json.dumps({"messages": messages}))
    with pytest.raises(DataInvalid, match="does not end in an assistant message with text"):
        read_rows([str(file)], "sft")
