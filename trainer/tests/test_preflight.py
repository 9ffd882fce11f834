import json
import subprocess
import sys

import pytest

# Trains two steps of a Llama with random weights in a process of its own, and prints the bytes that this took, without
# those of the libraries, beside the estimate.
MEASURED = """
import json, sys, torch
from pathlib import Path
from transformers import LlamaConfig, LlamaForCausalLM
from longwriter_trainer.job import Hyperparameters, Job
from longwriter_trainer.preflight import estimate

checkpointing = sys.argv[1] == "1"
tokens = int(sys.argv[2])
config = LlamaConfig(vocab_size=4000, hidden_size=512, intermediate_size=1536, num_hidden_layers=8,
    num_attention_heads=8, num_key_value_heads=8, max_position_embeddings=8192, attn_implementation="sdpa")
# Of this process alone: what getrusage says may be of the one that started it.
peak = lambda: 1024 * int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])
def train(model, length):
    optimizer = torch.optim.AdamW(model.parameters())
    ids = torch.ones(1, length, dtype=torch.long)
    for _ in range(2):  # the moments of Adam are there from the second step on
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        model.lm_head(hidden[:, ::64]).float().mean().backward()  # few logits at a time, as TRL has them
        optimizer.step()
        optimizer.zero_grad()
tiny = LlamaConfig(vocab_size=8, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
train(LlamaForCausalLM(tiny), 8)
before = peak()
model = LlamaForCausalLM(config)
model.train()
if checkpointing:
    model.gradient_checkpointing_enable()
train(model, tokens)
job = json.loads(sys.argv[3])
job["hyperparameters"] = Hyperparameters(**job["hyperparameters"] | {"gradient_checkpointing": checkpointing})
needs = estimate(Job(**job), config, tokens, sum(p.numel() for p in model.parameters()))
print(peak() - before, needs.memory)
"""


@pytest.mark.parametrize(("checkpointing", "tokens"), [(False, 1024), (True, 2048), (False, 32)])
def test_the_estimate_of_memory_is_of_the_size_of_what_a_step_takes(bench, checkpointing, tokens):
    arguments = [str(int(checkpointing)), str(tokens), json.dumps(bench().job)]
    done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    measured, estimated = map(int, done.stdout.split())
    assert measured / 1.6 < estimated < measured * 1.6, f"measured {measured >> 20} MiB, estimated {estimated >> 20}"


HOPELESS = {
    "no memory": ({"batch_size": 10**7, "micro_batch_size": 10**7}, 4, "use a smaller micro_batch_size or max_length"),
    "no disk": ({"keep_checkpoints": 10**9}, 5, "make room, or lower keep_checkpoints"),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_what_cannot_fit_is_refused_before_weights_are_read(bench, monkeypatch, capfd, name):
    changes, code, says = HOPELESS[name]
    hopeless = bench()
    hopeless.job["hyperparameters"] |= changes
    ended, printed = hopeless.run_here(monkeypatch, capfd)
    assert (ended, hopeless.events()[-1]["event"]) == (code, "run-error"), printed
    assert says in hopeless.events()[-1]["message"]
    assert [event["phase"] for event in hopeless.events("phase-start")][-1] == "preflight"


def test_what_fits_is_said_with_its_figures(bench, monkeypatch, capfd):
    fitting = bench()
    fitting.job["hyperparameters"] |= {"max_steps": 6, "save_steps": 2}
    assert fitting.run_here(monkeypatch, capfd)[0] == 0
    said = fitting.events("preflight")[0]
    assert said["memory_needed"] < said["memory_available"] and said["disk_needed"] < said["disk_free"]
    written = sum(path.stat().st_size for path in fitting.output.rglob("*") if path.suffix in (".safetensors", ".pt"))
    # Two checkpoints and the model are left of the three and the model that there were.
    assert written * 4 / 3 * 0.9 < said["disk_needed"] * 1.1 < written * 2


@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_sharding_and_adapters_take_less(bench, base_model, monkeypatch, method):
    from transformers import AutoConfig

    from longwriter_trainer.job import Hyperparameters, Job
    from longwriter_trainer.preflight import count_parameters, estimate

    config = AutoConfig.from_pretrained(base_model)
    parameters = count_parameters(str(base_model), config, False)
    assert parameters == count_parameters("no files here", config, False)

    def states(**changes):
        job = bench(method).job
        return estimate(
            Job(**job | {"hyperparameters": Hyperparameters(**job["hyperparameters"] | changes)}), config, 9, parameters
        ).states

    whole = states()
    assert whole == 16 * parameters
    assert states(lora_rank=1, lora_alpha=1, lora_dropout=0.0, lora_targets=["all-linear"]) < whole / 2
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert states() == whole / 2


def test_rows_beyond_a_rotary_models_positions_raise_them_and_packs_do_not(bench, monkeypatch, capfd):
    long, packed = bench(), bench()
    for job in (long, packed):
        job.job["hyperparameters"] |= {"max_length": 1024, "max_steps": 1, "warmup_ratio": 0.0}
    packed.job["hyperparameters"] |= {"packing": True}
    answer = {"role": "assistant", "content": "The storm took the small boat. " * 60}
    long.write_rows([{"messages": [{"role": "user", "content": "Tell me."}, answer]}] * 2)
    for job, positions in ((long, 1024), (packed, 512)):
        assert job.run_here(monkeypatch, capfd)[0] == 0
        kept = json.loads((job.output / "model" / "config.json").read_text())
        assert kept["max_position_embeddings"] == positions


def test_rows_beyond_learnt_positions_are_refused(bench):
    from transformers import GPT2Config

    from longwriter_trainer.failures import JobInvalid
    from longwriter_trainer.job import Hyperparameters, Job
    from longwriter_trainer.preflight import missing_positions

    job = bench().job
    job = Job(**job | {"hyperparameters": Hyperparameters(**job["hyperparameters"])})
    with pytest.raises(JobInvalid, match="has 512 positions: lower max_length"):
        missing_positions(job, GPT2Config(n_positions=512), 600)
