"""The options of the commands of the images: how long all train, what is searched."""

import argparse

from benchmarks.images.search_grid import Grid
from benchmarks.images.tasks import Budget

SCHEDULES = ("constant", "cosine")


def add_budget(run: argparse.ArgumentParser) -> None:
    """Add the options that say how long all methods train.

    Parameters
    ----------
    run : ArgumentParser
        Where to.
    """
    usual = Budget()
    run.add_argument("--epochs", type=int, default=usual.max_epochs)
    run.add_argument("--batch-size", type=int, default=usual.batch_size)
    run.add_argument("--lr", type=float, default=usual.lr)
    run.add_argument("--precision", default=usual.precision)
    run.add_argument("--size", nargs=2, type=int, help="height and width")
    run.add_argument("--limit", type=int, help="images of each part at most")
    run.add_argument("--flip", action="store_true", help="mirror half of the images")
    run.add_argument("--shift", type=int, default=0, help="pixels to move images by")
    run.add_argument("--schedule", choices=SCHEDULES, default=usual.schedule)
    run.add_argument("--average", action="store_true", help="keep the mean of weights")


def add_grid(run: argparse.ArgumentParser) -> None:
    """Add the options that say what is searched.

    Parameters
    ----------
    run : ArgumentParser
        Where to.
    """
    usual = Grid()
    run.add_argument("--weights", nargs="+", type=float, default=usual.weights)
    run.add_argument("--ratios", nargs="+", type=float, default=usual.ratios)
    run.add_argument("--gaps", nargs="+", default=usual.gaps)
    run.add_argument("--warm-ups", nargs="+", type=float, default=usual.warm_ups)
    run.add_argument("--fair-rows", nargs="+", type=int, default=usual.rows)
    run.add_argument("--drops", nargs="+", type=float, default=usual.drops)
    run.add_argument("--limits", nargs="+", type=float, default=usual.limits)
    run.add_argument("--normalize", nargs="+", type=int, default=usual.normalize)
    run.add_argument("--layers", nargs="+", default=usual.layers)


def budget_of(options: argparse.Namespace) -> Budget:
    """Collect the options of the budget.

    Parameters
    ----------
    options : Namespace
        The options.

    Returns
    -------
    Budget
        The budget.
    """
    return Budget(
        max_epochs=options.epochs,
        batch_size=options.batch_size,
        lr=options.lr,
        precision=options.precision,
        size=options.size and tuple(options.size),
        limit=options.limit,
        flip=options.flip,
        shift=options.shift,
        schedule=options.schedule,
        average=options.average,
    )
