"""Which chat template is trained with: it must mark the answers, with the token that ends them, for the loss."""

import hashlib
import re
from pathlib import Path
from typing import Any

from longwriter_trainer.failures import DataInvalid, JobInvalid
from longwriter_trainer.job import Job

TEMPLATES = Path(__file__).parent / "templates"
PROBE = [
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Two."},
    {"role": "user", "content": "Three?"},
    {"role": "assistant", "content": "Four."},
]


def load_tokenizer(job: Job) -> Any:
    """Loads the base model's tokenizer, with the job's chat template where it names one.

    Raises:
        JobInvalid: Neither the job nor the base model has a chat template.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(job.base_model, trust_remote_code=job.trust_remote_code)
    if job.chat_template:
        tokenizer.chat_template = Path(job.chat_template).read_bytes().decode("utf-8")
    if not isinstance(tokenizer.chat_template, str):
        raise JobInvalid(f"base_model {job.base_model} has no chat template: set training.chatTemplate to one")
    return tokenizer


def template_hash(template: str) -> str:
    """Returns the SHA-256 of a template, in hex."""
    return hashlib.sha256(template.encode("utf-8")).hexdigest()


def renders_alike(text: str, wanted: str, tokenizer: Any) -> bool:
    """Says whether ``text`` is ``wanted``, or that and the end token: GLM-4's own template leaves the last one out."""
    return text in (wanted, wanted + (tokenizer.eos_token or ""))


def training_template(tokenizer: Any) -> str:
    """Finds a template with generation marks that renders what the tokenizer's template renders.

    The tokenizer's is taken if it has the marks; then one that this package ships; then the one that TRL knows.

    Raises:
        DataInvalid: None does: the loss could not tell the answer from the prompt, or would not count its end.
    """
    own = tokenizer.chat_template
    template = own if re.search(r"{%[-+]?\s*generation\b", own) else _find_alike(tokenizer)
    if not _ends_are_marked(tokenizer, template):
        raise DataInvalid(
            "the answers that the chat template marks do not end in a special token of the tokenizer: "
            "put the end token before {% endgeneration %}"
        )
    return template


def _find_alike(tokenizer: Any) -> str:
    from trl.chat_template_utils import get_training_chat_template

    try:
        known = get_training_chat_template(tokenizer)
    except ValueError:
        known = None
    candidates = [path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.jinja"))]
    wanted = tokenizer.apply_chat_template(PROBE, tokenize=False)
    for candidate in [*candidates, *([known] if known else [])]:
        text = tokenizer.apply_chat_template(PROBE, tokenize=False, chat_template=candidate)
        if renders_alike(text, wanted, tokenizer):
            return candidate
    raise DataInvalid(
        "no training template renders what the chat template renders: mark its answers with {% generation %} and "
        "{% endgeneration %}, and set training.chatTemplate to it"
    )


def _ends_are_marked(tokenizer: Any, template: str) -> bool:
    output = tokenizer.apply_chat_template(
        PROBE, chat_template=template, return_dict=True, return_assistant_tokens_mask=True
    )
    ids, mask = output["input_ids"], output["assistant_masks"]
    ends = {tokenizer.eos_token_id, *tokenizer.get_added_vocab().values()}
    for at, is_answer in enumerate(mask):
        is_last = is_answer and not any(mask[at + 1 : at + 2])
        if is_last and not any(token in ends for token in ids[max(0, at - 1) : at + 1]):
            return False
    return True
