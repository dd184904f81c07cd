"""The section on trainings in several processes, of the page on images."""

from typing import Any

from benchmarks.paper.markdown import heading, titled_table

SAME = (
    "The largest differences to a training of the same rows in one process, in double "
    "precision and relative to the largest value; the limit is 1e-6."
)
SAME_HEADER = ("net", "losses", "gradients", "weights", "chosen neurons")
SCALING = (
    "*Speedup* is of a step whose rows are divided; *scaling* compares the rows a "
    "second of all processes, with as many rows for each as one process has, with "
    "those of one. Batch normalization that joins processes waits for all of them at "
    "every layer: a net of many such layers gains less."
)
TIMES = ("one_ms", "shared_ms", "as_many_each_ms")
TIMES_HEADER = ("net", "one", "divided", "as many each", "speedup", "scaling")


def processes(results: dict[str, Any]) -> list[str]:
    """Return the section of trainings in several processes.

    Parameters
    ----------
    results : dict
        What ``benchmarks.speed.two_gpus`` wrote.

    Returns
    -------
    list of str
        Lines.
    """
    about = results["about"]
    text = (
        f"``python -m benchmarks.speed.two_gpus``, torch {about['torch']}, "
        f"{about['processes']} processes, {about['device']} each, "
        f"{about['processor']}, {about['cores']} cores. {SAME}"
    )
    same = [
        [
            name,
            *(f"{row[part]:.0e}" for part in ("loss", "gradient", "weight")),
            "the same" if row["same_neurons"] else "*others*",
        ]
        for name, row in results["differences"].items()
    ]
    times = [
        [
            name,
            *(f"{row[part]:.1f} ms" for part in TIMES),
            *(f"{row[part]:.2f}" for part in ("speedup", "scaling")),
        ]
        for name, row in results["steps"].items()
    ]
    return [
        *heading("Several GPUs", 2),
        text,
        "",
        *titled_table("Against one process", SAME_HEADER, same),
        SCALING,
        "",
        *titled_table("A step of RUNNER", TIMES_HEADER, times),
    ]
