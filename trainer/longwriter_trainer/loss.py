"""What the loss of a step is a mean over: how each target token weighs, exact over micro batches and processes."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from trl import SFTTrainer

ROWS_IN_A_RELEASED_PACK = 30  # train/main.py of THUDM/LongWriter at 3fcfdff divides by it


def weigh_targets(labels: list[int], lengths: list[int], weighting: str) -> tuple[np.ndarray, int]:
    """Weighs the targets of one example, a row or a pack.

    Args:
        labels: Target tokens of the example, and -100 where there is none; a row's first token is never a target.
        lengths: Tokens of each of its rows.
        weighting: ``sequence``: each row weighs the same, and so does each target within it (LongAlign, equation 4).
            ``token-x-rows``: the mean over the example's targets, times its rows, over 30 (the released code).

    Returns:
        The weight of each token's loss, and how many the example counts as: the loss of a step is the sum over its
        targets of weight times cross entropy, over the sum of these counts.
    """
    is_target = np.asarray(labels) != -100
    starts = np.cumsum([0, *lengths])
    is_target[starts[:-1]] = False
    weights = np.zeros(len(is_target), dtype=np.float32)
    rows = 0
    for start, end in pairwise(starts):
        targets = is_target[start:end].sum()
        weights[start:end] = is_target[start:end] / max(targets, 1)
        rows += int(targets > 0)
    if weighting == "sequence":
        return weights, rows
    return is_target * np.float32(rows / ROWS_IN_A_RELEASED_PACK / max(is_target.sum(), 1)), int(rows > 0)


class WeighingCollator:
    """Makes TRL's micro batches, with ``loss_weights`` (batch, tokens) and the ``loss_count`` of its examples."""

    def __init__(self, collate: Callable[[list[dict]], dict], weighting: str) -> None:
        """Takes TRL's collator and ``sequence`` or ``token-x-rows``."""
        self.collate, self.weighting = collate, weighting

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Collates; packs become one row of tokens, as TRL makes them, and rows are padded."""
        batch = self.collate(examples)
        weighed = [
            weigh_targets(example["labels"], example.get("seq_lengths", [len(example["labels"])]), self.weighting)
            for example in examples
        ]
        weights = [torch.from_numpy(weights) for weights, _ in weighed]
        packed = "position_ids" in batch
        batch["loss_weights"] = torch.cat(weights)[None] if packed else pad_sequence(weights, batch_first=True)
        batch["loss_count"] = torch.tensor(sum(count for _, count in weighed))
        return batch


def _run_weighed(model: Any, weights: torch.Tensor, **inputs: Any) -> Any:
    outputs = model(**inputs)
    outputs.log_probs = outputs.log_probs * weights[:, 1:]
    return outputs


class WeighedSFTTrainer(SFTTrainer):
    """TRL's SFTTrainer with a loss weighting.

    TRL's loss is the sum of the targets' cross entropies, made in chunks without holding all logits, over their count
    in all micro batches and processes of the step; here each has its weight, and the count is the weighting's own.
    """

    def __init__(self, weighting: str, **given: Any) -> None:
        """Takes ``token`` (the paper: TRL's own loss), ``sequence`` or ``token-x-rows``, and what SFTTrainer takes."""
        super().__init__(**given)
        self._is_weighed = weighting != "token"
        if self._is_weighed:
            self.data_collator = WeighingCollator(self.data_collator, weighting)

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> Any:
        if not self._is_weighed or not batch_samples:
            return super()._get_num_items_in_batch(batch_samples, device)
        count = sum(batch["loss_count"] for batch in batch_samples)
        return self.accelerator.gather(count.to(device)).sum()

    def compute_loss(self, model: Any, inputs: dict[str, Any], *given: Any, **named: Any) -> Any:
        """Returns this micro batch's part of the step's loss; a micro batch without targets has no part in metrics."""
        if self._is_weighed:
            weights, _ = inputs.pop("loss_weights"), inputs.pop("loss_count")
            model = partial(_run_weighed, model, weights)
        loss = super().compute_loss(model, inputs, *given, **named)
        metrics = self._metrics["train"]
        if metrics["entropy"][-1:] == [0.0]:
            for values in (metrics["entropy"], metrics["mean_token_accuracy"]):
                values.pop()
        return loss
