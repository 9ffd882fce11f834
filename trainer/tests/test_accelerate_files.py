import json
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[1] / "accelerate"
COMMAND = yaml.safe_load((FOLDER.parents[1] / "configs" / "longwriter-6k.yaml").read_text())["training"]["command"]


def parsed(arguments):
    """What accelerate's launch makes of its arguments, and the environment that the trainer's processes get."""
    from accelerate.commands import launch
    from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env

    arguments, defaults, _ = launch._validate_launch_command(launch.launch_command_parser().parse_args(arguments))
    if arguments.use_deepspeed:
        arguments.deepspeed_fields_from_accelerate_config = ",".join(defaults.deepspeed_config)
    prepare = prepare_deepspeed_cmd_env if arguments.use_deepspeed else prepare_multi_gpu_env
    environment = prepare(arguments)
    return arguments, environment[1] if arguments.use_deepspeed else environment


def test_fsdp2_shards_over_eight_processes_and_saves_safetensors():
    arguments, environment = parsed(["--config_file", str(FOLDER / "fsdp2.yaml"), "-m", "longwriter_trainer", "job"])
    assert (arguments.use_fsdp, arguments.num_processes, environment["ACCELERATE_MIXED_PRECISION"]) == (True, 8, "no")
    assert environment["FSDP_VERSION"] == "2" and environment["FSDP_STATE_DICT_TYPE"] == "FULL_STATE_DICT"


def test_the_papers_command_is_zero_3_with_everything_on_the_cpu():
    start = COMMAND.index("accelerate.commands.launch") + 1
    filled = [part.replace("{project}", str(FOLDER.parents[1])).replace("{job}", "job") for part in COMMAND[start:]]
    arguments, environment = parsed(filled)
    assert (arguments.use_deepspeed, arguments.num_processes) == (True, 8)
    assert (arguments.module, arguments.training_script) == (True, "longwriter_trainer")
    assert environment["ACCELERATE_DEEPSPEED_ZERO3_INIT"] == "true"
    settings = json.loads(Path(environment["ACCELERATE_DEEPSPEED_CONFIG_FILE"]).read_text())
    zero = settings["zero_optimization"]
    assert zero["stage"] == 3 and zero["stage3_gather_16bit_weights_on_model_save"]
    assert zero["offload_optimizer"] == zero["offload_param"] == {"device": "cpu", "pin_memory": True}
    assert settings["bf16"]["enabled"] == "auto"
    whole = {"reduce_bucket_size", "stage3_prefetch_bucket_size", "sub_group_size"}
    assert all(zero[key] == "auto" or zero[key] == int(zero[key]) for key in whole)


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.yaml")))
def test_accelerate_knows_every_key_of_a_file(name):
    from accelerate.commands.config.config_args import load_config_from_file

    assert load_config_from_file(str(FOLDER / name)).num_processes == 8
