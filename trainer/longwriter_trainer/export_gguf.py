"""Turns a model folder into one GGUF file with llama.cpp's own converter."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path


def export_gguf(model: Path, output: Path, outtype: str, converter_env: Path) -> bool:
    """Writes ``output`` whole, or not at all; safe to run twice.

    The converter runs with this environment's Python (torch, transformers) and, before it on the module path, the
    packages of its own environment: its ``gguf`` module is not the one that transformers needs, so the two are apart.

    Args:
        model: A safetensors model folder.
        output: The GGUF file to make.
        outtype: f32, f16, bf16 or q8_0.
        converter_env: The environment made from ``trainer/converter``.

    Returns:
        False when ``output`` existed and nothing was done.
    """
    if output.exists():
        return False
    packages = sorted(converter_env.glob("lib/python3.*/site-packages"))
    if not packages:
        raise FileNotFoundError(f"{converter_env} is no Python environment")
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}.{os.getpid()}")
    command = [
        sys.executable,
        "-m",
        "convert_hf_to_gguf",
        str(model),
        "--outfile",
        str(temporary),
        "--outtype",
        outtype,
    ]
    environment = {**os.environ, "PYTHONPATH": str(packages[-1]), "HF_HUB_OFFLINE": "1"}
    try:
        subprocess.run(command, env=environment, check=True)
        temporary.rename(output)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m longwriter_trainer.export_gguf", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the model folder to read")
    parser.add_argument("--output", type=Path, required=True, help="the GGUF file to make")
    parser.add_argument("--outtype", default="q8_0", choices=["f32", "f16", "bf16", "q8_0"])
    parser.add_argument("--converter-env", type=Path, required=True, help="the environment of trainer/converter")
    arguments = parser.parse_args()
    if not (arguments.model / "config.json").is_file():
        print(f"no model in {arguments.model}", file=sys.stderr)
        return 2
    start = time.monotonic()
    try:
        made = export_gguf(
            arguments.model.absolute(),
            arguments.output.absolute(),
            arguments.outtype,
            arguments.converter_env.absolute(),
        )
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"cannot export {arguments.model}: {error}", file=sys.stderr)
        return 1
    print(f"{'exported in %.0f s' % (time.monotonic() - start) if made else 'already there'}: {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
