"""Hand-made results of two splits."""

MEASURES = {
    "ap": 0.7,
    "acc": 0.8,
    "positive_rate": 0.2,
    "delta_dp": 0.1,
    "delta_eo_sum": 0.2,
    "delta_eo_max": 0.15,
    "strong_delta_dp": 0.12,
    "strong_delta_eo": 0.22,
    "seconds": 2.0,
    "epochs": 5.0,
    "epoch": 5.0,
}


def row(method, seed, dataset="adult", constraints="demographic_parity", **changes):
    point = {
        "seed": seed,
        "dataset": dataset,
        "constraints": constraints,
        "method": method,
    }
    return {**point, **MEASURES, "warnings": [], **changes}


def failed(method, seed, error, dataset="adult"):
    full = row(method, seed, dataset)
    names = ("seed", "dataset", "constraints", "method")
    return {**{name: full[name] for name in names}, "error": error}
