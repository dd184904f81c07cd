"""What a run will cost, said before it starts."""

from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from benchmarks.peers.methods import REFERENCE

Point = dict[str, Any]
Key = tuple[Any, ...]

# Seconds of a fit on one thread of a two-core machine, means over both constraints and
# all strengths; for the question of neurons those of a net, plain and with a term.
SECONDS: dict[str, dict[str, float]] = {
    "adult": {
        "vanilla": 7.4,
        "runner_best": 11.1,
        "runner_default": 11.6,
        "runner_paper": 13.3,
        "gap_best": 13.0,
        "mixup": 13.7,
        "adversarial": 12.5,
        "reweighting": 5.3,
        "oversampling": 5.7,
        "reject": 6.9,
        "eg_logistic": 12.6,
        "eg_net": 14.0,
        "to_logistic": 2.2,
        "to_net": 7.9,
        "afc": 2.3,
        "afc_linear": 1.4,
        "fairret_norm": 8.2,
        "fairret_projection": 130.0,
        "200x2 plain": 7.4,
        "200x2 term": 10.5,
        "50x4 plain": 3.9,
        "50x4 term": 6.0,
        "200x8 plain": 18.0,
        "200x8 term": 35.0,
        "1000x2 plain": 80.0,
        "1000x2 term": 80.0,
    },
    "compas": {
        "vanilla": 5.8,
        "runner_best": 2.1,
        "runner_default": 2.3,
        "runner_paper": 10.0,
        "gap_best": 3.3,
        "mixup": 3.3,
        "adversarial": 3.8,
        "reweighting": 1.1,
        "oversampling": 1.1,
        "reject": 5.6,
        "eg_logistic": 1.0,
        "eg_net": 5.5,
        "to_logistic": 0.2,
        "to_net": 5.6,
        "afc": 4.0,
        "afc_linear": 1.0,
        "fairret_norm": 1.6,
        "fairret_projection": 24.0,
        "200x2 plain": 5.6,
        "200x2 term": 2.0,
        "50x4 plain": 2.5,
        "50x4 term": 1.5,
        "200x8 plain": 28.0,
        "200x8 term": 8.8,
        "1000x2 plain": 60.0,
        "1000x2 term": 24.0,
    },
}

NEEDS = {"fairret_projection": "cvxpy"}


def describe_cost(todo: Sequence[Point], done: Sequence[Point], jobs: int) -> str:
    """Say how many fits there are, and how long they may take.

    Parameters
    ----------
    todo : sequence of dict
        All points.
    done : sequence of dict
        Rows of finished fits, for their seconds.
    jobs : int
        Fits at a time.

    Returns
    -------
    str
        The number of fits of each method, and the core seconds of all and of those
        that are not finished.
    """
    counts = Counter(point["method"] for point in todo)
    text = ", ".join(f"{method} {count}" for method, count in counts.items())
    known: dict[Key, list[float]] = {}
    finished = set()
    for row in done:
        if "seconds" in row:
            known.setdefault(_kind(row), []).append(row["seconds"])
            finished.add(_name(row))
    means = {key: sum(values) / len(values) for key, values in known.items()}
    costs = {_name(p): means.get(_kind(p), guess(p)) for p in todo}
    total = sum(costs.values())
    left = sum(cost for name, cost in costs.items() if name not in finished)
    measured = sum(_kind(point) in means for point in todo)
    return (
        f"{len(todo)} fits in all: {text}.\n"
        f"About {total:.0f} core seconds, {left:.0f} of them left: "
        f"{left / 60 / jobs:.1f} minutes with {jobs} job(s). The seconds of {measured} "
        "fits are those of finished ones, the others' those of another machine."
    )


def _kind(point: Point) -> Key:
    return point["dataset"], point["method"], point.get("net")


def _name(point: Point) -> Key:
    return (
        *_kind(point),
        *(point.get(one) for one in ("seed", "constraints", "sensitive_input", "term")),
        str(point.get("strength")),
    )


def guess(point: Point) -> float:
    """Guess how long a fit takes.

    Parameters
    ----------
    point : dict
        Of either run.

    Returns
    -------
    float
        Seconds on one thread; none for what fails because a package is not there.
    """
    known = SECONDS[point["dataset"]]
    if point["method"] in NEEDS and find_spec(NEEDS[point["method"]]) is None:
        return 0.0
    if "net" not in point:
        return known[point["method"]]
    kind = "plain" if point["method"] == REFERENCE else "term"
    return known[f"{point['net']} {kind}"]
