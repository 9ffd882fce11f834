import json

from longwriter_trainer.node import describe_node


def test_a_node_tells_versions_and_devices_as_json():
    report = json.loads(json.dumps(describe_node()))
    assert set(report) == {"versions", "devices", "driver"}
    assert {"python", "torch", "transformers", "trl"} <= set(report["versions"])
    for device in report["devices"]:
        assert 0 <= device["free_bytes"] <= device["total_bytes"]
