import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"

TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEXTS = [
    f"The storm {verb} the small boat {number} times." for number in range(8) for verb in ("took", "left", "found")
]


@pytest.fixture(scope="session")
def base_model(tmp_path_factory):
    """A randomly initialised Llama of two layers, with a byte-level tokenizer and SmolLM2's chat template."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("base")
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def conversation(index):
    return {
        "messages": [
            {"role": "user", "content": f"Tell me of storm {index}."},
            {"role": "assistant", "content": " ".join(TEXTS[index : index + 1 + index % 3])},
        ]
    }


def pair(index):
    return {
        "prompt": [{"role": "user", "content": f"Tell me of storm {index}."}],
        "chosen": [{"role": "assistant", "content": " ".join(TEXTS[index : index + 2])}],
        "rejected": [{"role": "assistant", "content": "No storm."}],
    }


class Bench:
    """One job in a folder of its own, run as the launcher runs it."""

    def __init__(self, folder, base_model, method="sft"):
        self.folder, self.method = folder, method
        self.output = folder / "out"
        self.rows = folder / "rows.jsonl"
        self.write_rows([(conversation if method == "sft" else pair)(index) for index in range(7)])
        hyperparameters = {
            "epochs": 2,
            "max_steps": None,
            "learning_rate": 1e-3,
            "lr_scheduler": "cosine",
            "warmup_ratio": 0.1,
            "weight_decay": 0.1,
            "adam_beta1": 0.9,
            "adam_beta2": 0.95,
            "max_grad_norm": 1.0,
            "batch_size": 2,
            "micro_batch_size": 1,
            "max_length": 256,
            "over_long": "skip",
            "save_steps": 2,
            "keep_checkpoints": 2,
            "precision": "float32",
            "gradient_checkpointing": False,
            "device": "cpu",
            "attention": "auto",
            "liger": False,
            "lora_rank": None,
            "lora_alpha": None,
            "lora_dropout": None,
            "lora_targets": None,
        }
        if method == "sft":
            hyperparameters |= {"packing": False, "loss_weighting": "token"}
        else:
            hyperparameters |= {"beta": 0.1, "sft_weight": 0.5, "precompute_reference": True}
        self.job = {
            "version": 1,
            "run_id": "test",
            "job_id": "test-1",
            "method": method,
            "base_model": str(base_model),
            "train_files": [str(self.rows)],
            "output_dir": str(self.output),
            "seed": 7,
            "resume_from": None,
            "model_identity": "tiny",
            "chat_template": None,
            "chat_template_sha256": None,
            "trust_remote_code": False,
            "report_to": [],
            "hyperparameters": hyperparameters,
        }

    def write_rows(self, rows):
        self.rows.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def start(self, code=None, launcher=()):
        """Starts the trainer as a process; ``code`` is run before it, to get in its way.

        ``launcher`` are arguments of accelerate, which then starts several; ``code`` runs in each.
        """
        path = self.folder / "job.json"
        path.write_text(json.dumps(self.job))
        if launcher:
            return self._launch(launcher, code, path)
        command = [sys.executable, "-m", "longwriter_trainer", str(path)]
        if code:
            main = f"{code}\nimport sys, runpy\nsys.argv = ['x', {str(path)!r}]\n"
            command = [sys.executable, "-c", main + "runpy.run_module('longwriter_trainer', run_name='__main__')"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def _launch(self, launcher, code, path):
        script = self.folder / "script.py"
        script.write_text(f"{code or ''}\nimport runpy\nrunpy.run_module('longwriter_trainer', run_name='__main__')\n")
        command = [sys.executable, "-m", "accelerate.commands.launch", *launcher, str(script), str(path)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            command,
            env=environment,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, code=None, launcher=()):
        """Runs the trainer to its end and returns (exit code, what it printed)."""
        process = self.start(code, launcher)
        printed, _ = process.communicate(timeout=280)
        return process.returncode, printed

    def run_here(self, monkeypatch, capfd):
        """Runs the trainer in this process, which has paid for the imports already."""
        from longwriter_trainer.__main__ import main

        path = self.folder / "job.json"
        path.write_text(json.dumps(self.job))
        monkeypatch.setattr(sys, "argv", ["longwriter_trainer", str(path)])
        code = main()
        captured = capfd.readouterr()
        return code, captured.out + captured.err

    def events(self, name=None):
        from longwriter_trainer.events import read_events

        events = read_events(self.output / "events.jsonl")
        return [event for event in events if name in (None, event["event"])]

    def losses(self):
        """Loss by step; a step that was done twice must say the same twice."""
        losses = {}
        for event in self.events("step-end"):
            assert losses.setdefault(event["step"], event["loss"]) == event["loss"]
        return losses


@pytest.fixture
def bench(tmp_path, base_model):
    """Makes a job: ``bench()`` for SFT, ``bench("dpo")``."""
    made = iter(range(99))
    return lambda method="sft": Bench(_folder(tmp_path / str(next(made))), base_model, method)


def _folder(path: Path):
    path.mkdir()
    return path
