"""Tells of the machine what a training needs: ``python -m longwriter_trainer.node`` prints one line of JSON."""

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import torch

# Imported to see that they can be, with all that they bring.
from longwriter_trainer import dpo, sft

PACKAGES = ("torch", "transformers", "trl", "accelerate")


def _devices() -> list[dict[str, str | int]]:
    devices = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        devices.append({"name": torch.cuda.get_device_name(index), "free_bytes": free, "total_bytes": total})
    return devices


def describe_node() -> dict:
    """Returns versions of what trains, devices with their memory in bytes, and whether NVIDIA's driver is here."""
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "devices": _devices(),
        "driver": Path("/proc/driver/nvidia/version").exists(),
    }


if __name__ == "__main__":
    assert dpo and sft
    json.dump(describe_node(), sys.stdout)
