"""Our skorch net: its batches hold groups, its loss is an objective."""

import warnings
from contextlib import closing
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer, PrintLog
from torch import Tensor

from skrunner._processes import n_processes
from skrunner.data import Batch, EpochBatches, GroupDataset, most_parts, split_batch
from skrunner.exceptions import NotCompiledWarning
from skrunner.objectives import Objective, StepLoss
from skrunner.training._checkpoint import Checkpoint
from skrunner.training._distributed import joined_step
from skrunner.training._out_of_memory import Undo, warn_of_parts
from skrunner.training._precision import (
    forward_logits,
    matmul_precision,
    model_dtype,
)
from skrunner.training._resuming import resume, save
from skrunner.training._scoring import ValidationScoring
from skrunner.training._steps import backward, record_epoch, without_graph

BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class GroupNet(NeuralNet):
    """A skorch net that trains on `EpochBatches` and minimizes an objective.

    An epoch is one tight loop without notifications, and its losses leave the device
    once. If a callback wants the events of single batches, or the optimizer a closure,
    skorch's own loop takes over with the same steps.
    """

    precision_ = "fp32"
    n_parts_ = 1
    compiled_ = False
    _run_compiled: Any = None
    _undo: Undo | None = None
    objective_: Objective | None = None
    validation_: GroupDataset | None = None
    chosen_epoch_: int | None = None
    checkpoint_: Checkpoint | None = None

    @property
    def _default_callbacks(self) -> list[tuple[str, Callback]]:
        return [
            ("epoch_timer", EpochTimer()),
            ("validation", ValidationScoring()),
            ("print_log", PrintLog()),
        ]

    def start_from(self, module: torch.nn.Module, precision: str) -> "GroupNet":
        """Initialize everything, with this very module.

        Parameters
        ----------
        module : Module
            The module to train.
        precision : str
            One of ``skrunner.training.PRECISIONS``.

        Returns
        -------
        GroupNet
            Itself.
        """
        self.precision_ = precision
        self._start = [module]
        self.initialize()
        self.criterion_.to(model_dtype(precision))  # class weights, for one
        del self._start
        return self

    def initialize_module(self) -> "GroupNet":
        """Take the module that was handed over."""
        self.module_ = self._start[0]
        return self

    def train(
        self, batches: EpochBatches, objective: Objective, *, max_epochs: int
    ) -> "GroupNet":
        """Train, and forget data and objective behind it.

        Parameters
        ----------
        batches : EpochBatches
            The batches of an epoch.
        objective : callable
            What a step minimizes.
        max_epochs : int
            How many epochs.

        Returns
        -------
        GroupNet
            Itself.
        """
        self.objective_ = objective
        if self.compiled_:
            self._compile(objective)
        try:
            self.notify("on_train_begin", X=batches, y=None)
            with matmul_precision(self.precision_):
                self._fit_until_stopped(batches, max_epochs)
            self.notify("on_train_end", X=batches, y=None)
        finally:
            self.objective_ = None
            self.validation_ = None
            self._run_compiled = None
            self._undo = None
        return self

    def _fit_until_stopped(self, batches: EpochBatches, max_epochs: int) -> None:
        left = resume(self, batches, max_epochs)
        while left:
            left = 0 if self._stops_in_epoch(batches) else left - 1
            save(self, batches, done=not left)

    def _stops_in_epoch(self, batches: EpochBatches) -> bool:
        try:
            self.fit_loop(batches, epochs=1)
        except KeyboardInterrupt:
            # How a skorch callback ends a training; what is learned so far is kept.
            several = n_processes() > 1
            if (self.checkpoint_ or several) and self._is_within_epoch():
                raise
            return True
        return False

    def _is_within_epoch(self) -> bool:
        last = "train_gap" if self.validation_ is None else "valid_collapsed"
        return not self.history or last not in self.history[-1]

    def get_split_datasets(
        self, X: EpochBatches, y: Any = None, **_params: Any
    ) -> tuple[EpochBatches, None]:
        """Leave the validation share to the estimator."""
        return X, None

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Iterate over ready-made batches; anything else is skorch's."""
        if isinstance(dataset, EpochBatches):
            return dataset
        return super().get_iterator(dataset, training=training)

    def forward_logits(self, X: Tensor) -> Tensor:
        """Run the module in its precision."""
        return forward_logits(self._run_compiled or self.module_, X, self.precision_)

    def _compile(self, objective: Objective) -> None:
        if getattr(objective, "reads_neurons", False):
            warnings.warn(
                f"compile=True has no effect: {type(objective).__name__} reads neurons "
                "through hooks, which a compiled net does not run.",
                NotCompiledWarning,
                stacklevel=2,
            )
            return
        compiled: Any = torch.compile(self.module_)
        self._run_compiled = compiled.__call__  # skorch takes a module for its own

    def infer(self, x: Any, **params: Any) -> Tensor:
        """Run the module for skorch's predictions, which want one logit as a vector."""
        logits: Tensor = super().infer(x, **params)
        return logits.flatten() if logits.shape[1:] == (1,) else logits

    def train_step_single(self, batch: Batch, **_params: Any) -> dict[str, Any]:
        """Compute the gradients of one batch."""
        self._set_training(True)
        step = self._backward(batch)
        self._steps.append(without_graph(step))
        return {"loss": step.loss, "y_pred": None}

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **params: Any
    ) -> None:
        """Train for one epoch."""
        if iterator is None:
            return
        self._steps: list[StepLoss] = []
        self._undo = self._make_undo()
        with closing(iter(iterator)) as batches:  # ends the thread that reads ahead
            if self._needs_batch_events():
                super().run_single_epoch(batches, training, prefix, step_fn, **params)
            else:
                self._set_training(True)
                for batch in batches:
                    self.optimizer_.zero_grad()
                    self._steps.append(without_graph(self._backward(batch)))
                    self.optimizer_.step()
                self.history.new_batch()  # skorch's Checkpoint looks at the last one
        record_epoch(self.history, self._steps)
        del self._steps

    def _backward(self, batch: Batch) -> StepLoss:
        assert self.objective_ is not None, "set by train()"
        if self._undo is not None:
            self._undo.keep()
        while True:
            try:
                parts = split_batch(batch, self.n_parts_)
                step = backward(self.objective_, self.forward_logits, parts)
            except torch.OutOfMemoryError:
                # Other processes, which wait for this one, would not fall back.
                if batch.whole is not None or 2 * self.n_parts_ > most_parts(batch):
                    raise
            else:
                return step if batch.whole is None else joined_step(step, self.module_)
            if self._undo is not None:
                self._undo.put_back()
            self._fall_back(len(batch.y))

    def run_in_parts(self, n_parts: int) -> None:
        """Split the steps from here on.

        Parameters
        ----------
        n_parts : int
            Parts of a step.
        """
        self.n_parts_ = n_parts
        adapt = getattr(self.objective_, "run_in_parts", None)
        if adapt is not None:
            adapt(n_parts)

    def _make_undo(self) -> Undo | None:
        assert self.objective_ is not None, "set by train()"
        can_run_out = torch.device(self.device).type != "cpu"
        return Undo(self.module_, self.objective_) if can_run_out else None

    def _fall_back(self, n_rows: int) -> None:
        """Halve what runs at a time; weights, optimizer and rows are as before."""
        self.optimizer_.zero_grad()
        torch.cuda.empty_cache()
        self.run_in_parts(2 * self.n_parts_)
        warn_of_parts(n_rows, self.n_parts_, self.device)

    def _needs_batch_events(self) -> bool:
        if isinstance(self.optimizer_, torch.optim.LBFGS):
            return True
        return any(
            getattr(type(callback), event) is not getattr(Callback, event)
            for _, callback in self.callbacks_
            for event in BATCH_EVENTS
        )
