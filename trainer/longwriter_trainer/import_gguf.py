"""Turns a GGUF file into an ordinary float32 safetensors model folder, with its tokenizer and chat template."""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from longwriter_trainer.checkpoints import is_whole, mark_whole

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def import_gguf(gguf: Path, output: Path) -> bool:
    """Writes ``output`` as a whole model folder, or not at all; safe to run twice.

    Args:
        gguf: A GGUF file of an architecture that transformers reads, any quantization it can undo.
        output: The model folder to make. ``complete.json`` in it is written last.

    Returns:
        False when ``output`` was whole already and nothing was done.
    """
    if is_whole(output):
        return False
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    if not tokenizer.chat_template:
        raise ValueError(f"{gguf} holds no chat template")
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    # The weights are float32 now; what still says "quantized with gguf" makes save_pretrained refuse.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    model.is_quantized = False
    temporary = output.with_name(f".{output.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    model.save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    mark_whole(temporary, {"source": gguf.name, "parameters": model.num_parameters()})
    shutil.rmtree(output, ignore_errors=True)
    temporary.rename(output)
    return True


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m longwriter_trainer.import_gguf", description=__doc__)
    parser.add_argument("--gguf", type=Path, required=True, help="the GGUF file to read")
    parser.add_argument("--output", type=Path, required=True, help="the model folder to make")
    arguments = parser.parse_args()
    if not arguments.gguf.is_file():
        print(f"no such file: {arguments.gguf}", file=sys.stderr)
        return 2
    start = time.monotonic()
    made = import_gguf(arguments.gguf.absolute(), arguments.output.absolute())
    print(f"{'imported in %.0f s' % (time.monotonic() - start) if made else 'already whole'}: {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
