# SPDX-License-Identifier: MIT
"""The events of a run as TensorBoard itself reads them: the numbers of metrics.jsonl."""
import json

import numpy
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

tags = {"loss": "train/loss", "rate": "train/rate", "gradient_norm": "train/gradient_norm",
        "max_violation": "experts/max_violation", "router_entropy": "experts/router_entropy",
        "tokens_per_second": "speed/tokens_per_second"}


@pytest.mark.parametrize("recipe", ["parity_deepseek"], indirect=True, scope="session")
def test_events_hold_the_metrics(recipe, run_folder):
    events = EventAccumulator(str(run_folder / "tensorboard"),
                              size_guidance={"scalars": 0, "histograms": 0})
    events.Reload()
    lines = [json.loads(line) for line in (run_folder / "metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "loss" in line]
    assert len(steps) >= 3 and steps[-1]["step"] == 30
    for key, tag in tags.items():
        scalars = events.Scalars(tag)
        assert [s.step for s in scalars] == [line["step"] for line in steps]
        assert [numpy.float32(s.value) for s in scalars] == [numpy.float32(line[key])
                                                             for line in steps]
    validation = [line for line in lines if "validation" in line][-1]
    for domain in ("left", "right"):
        last = events.Scalars("validation/" + domain)[-1]
        assert last.step == validation["step"]
        assert numpy.float32(last.value) == numpy.float32(validation["validation"][domain])

    histogram = events.Histograms("experts/layer_0")[-1].histogram_value
    assert histogram.num == sum(histogram.bucket) > 0
