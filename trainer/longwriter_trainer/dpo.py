"""Direct preference optimization, with a supervised term on the chosen answer when ``sft_weight`` is above 0."""

from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import DPOConfig, DPOTrainer

from longwriter_trainer.adapters import lora_config
from longwriter_trainer.encode import Encoded
from longwriter_trainer.job import Job
from longwriter_trainer.reporter import RunReporter
from longwriter_trainer.training import WithoutModelCard, shared_arguments


class PreparedDPOTrainer(WithoutModelCard, DPOTrainer):
    """TRL's DPOTrainer over pairs that are tokenized already, without a model card."""

    def __init__(self, reporter: RunReporter, **given: Any) -> None:
        """Takes the reporter, and what DPOTrainer takes; log-probabilities of the reference are taken here."""
        self._reporter = reporter
        super().__init__(**given)

    def compute_ref_log_probs(self, model: Any, inputs: dict[str, Any]) -> Any:
        """Takes them of one batch, and says so now and then: of tens of thousands of pairs that is hours."""
        self._reporter.tell_reference()
        return super().compute_ref_log_probs(model, inputs)

    def _prepare_dataset(self, dataset: Dataset, *_: Any, **__: Any) -> Dataset:
        return dataset


def _shared_dataset(encoded: Encoded, arguments: DPOConfig) -> Dataset:
    """Puts the pairs where all processes see them.

    TRL has process 0 write the reference's log-probabilities beside the pairs, and the others read them there. A run
    that goes on finds them again: they are named by the hashes of the pairs and of the reference.
    """
    folder = Path(arguments.output_dir) / "reference"
    with arguments.main_process_first(local=False, desc="writing the pairs"):
        if arguments.process_index == 0:
            Dataset.from_dict(encoded.columns).save_to_disk(folder)
        return Dataset.load_from_disk(str(folder))


def make_dpo_trainer(
    job: Job, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, encoded: Encoded, reporter: RunReporter
) -> Any:
    """Builds TRL's trainer; with ``precompute_reference`` the base model's log-probabilities are taken here, once.

    A micro batch is ``input_ids``, ``attention_mask`` and ``completion_mask`` of shape (2 * micro_batch_size, tokens):
    the chosen answers, then the rejected ones. The reference is the base model (the model without its
    adapters, where it has some), also when a checkpoint is loaded later.
    """
    chosen = job.hyperparameters
    mixed = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, chosen.sft_weight]}
    arguments = DPOConfig(
        **shared_arguments(job),
        beta=chosen.beta,
        precompute_ref_log_probs=chosen.precompute_reference,
        precompute_ref_batch_size=chosen.micro_batch_size,
        **(mixed if chosen.sft_weight else {}),
    )
    return PreparedDPOTrainer(
        reporter,
        model=model,
        args=arguments,
        train_dataset=_shared_dataset(encoded, arguments),
        processing_class=tokenizer,
        callbacks=[reporter],
        peft_config=lora_config(chosen),
    )
