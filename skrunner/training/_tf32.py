"""torch's flags of TF32: those of all products at once, and those of one operation."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

_BACKENDS: Any = torch.backends
OPERATIONS = (
    _BACKENDS.cuda.matmul,
    _BACKENDS.mkldnn.matmul,
    _BACKENDS.cudnn.conv,
    _BACKENDS.cudnn.rnn,
)
# What "none" comes to, unless a flag above the operation says otherwise.
FULL = ("ieee", "none")


class Flags(NamedTuple):
    """What torch is told about products of single precision.

    Attributes
    ----------
    products : {"highest", "high", "medium"} or None
        Of matrices, by the older flag; None where newer ones contradict it.
    cudnn : bool or None
        Whether cuDNN, which runs convolutions, may take TF32, likewise.
    operations : tuple of str
        The newer flags of ``OPERATIONS``.
    """

    products: str | None
    cudnn: bool | None
    operations: tuple[str, ...]


@contextmanager
def tf32_products(*, allowed: bool) -> Iterator[None]:
    """Allow or refuse TF32 inside the context, in matrix products and convolutions.

    By default torch allows it in convolutions and refuses it in matrix products.

    Parameters
    ----------
    allowed : bool
        Whether products are rounded to TF32.

    Yields
    ------
    None
        Nothing.
    """
    before = _read()
    _write(Flags("high" if allowed else "highest", allowed, ()))
    for operation in OPERATIONS:
        # A flag that the user set for all backends outlasts the older ones.
        if (operation.fp32_precision in FULL) is allowed:
            operation.fp32_precision = "tf32" if allowed else "ieee"
    try:
        yield
    finally:
        _write(before)


def _read() -> Flags:
    with _without_advice():
        return Flags(
            _if_clear(torch.get_float32_matmul_precision),
            _if_clear(lambda: _BACKENDS.cudnn.allow_tf32),
            tuple(operation.fp32_precision for operation in OPERATIONS),
        )


def _write(flags: Flags) -> None:
    # The older flags first: they reset the newer ones, and so both agree.
    with _without_advice():
        if flags.products is not None:
            torch.set_float32_matmul_precision(flags.products)
        if flags.cudnn is not None:
            _BACKENDS.cudnn.allow_tf32 = flags.cudnn
    for operation, value in zip(OPERATIONS, flags.operations, strict=False):
        if operation.fp32_precision != value:
            operation.fp32_precision = value


def _if_clear(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except RuntimeError:  # an older flag, when newer ones are set to something else
        return None


@contextmanager
def _without_advice() -> Iterator[None]:
    with warnings.catch_warnings():
        # Some versions recommend the newer flags; code of others reads the older ones.
        warnings.filterwarnings("ignore", message="Please use the new API settings")
        yield
