import json

import pytest

from benchmarks.paper.runs import read_rows, run_points

POINTS = [{"seed": seed, "params": {"weight": seed / 2}} for seed in range(4)]


class Fit:
    """Counts what is fitted, and fails or dies where it is told to."""

    def __init__(self, fails=(), dies=()):
        self.fails, self.dies, self.seen = fails, dies, []

    def __call__(self, point):
        seed = point["seed"]
        self.seen.append(seed)
        if seed in self.dies:
            raise KeyboardInterrupt
        if seed in self.fails:
            return {**point, "error": "boom"}
        return {**point, "score": seed**2}


def scores(rows):
    return [row.get("score") for row in rows]


def test_a_killed_run_goes_on_where_it_was(tmp_path):
    path = tmp_path / "deep" / "table.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run_points(POINTS, Fit(dies=[2]), lambda _: path, jobs=1)
    assert scores(read_rows(path)) == [0, 1]
    again = Fit()
    rows = run_points(POINTS, again, lambda _: path, jobs=1)
    assert again.seen == [2, 3]
    assert scores(rows) == [0, 1, 4, 9]
    assert scores(read_rows(path)) == [0, 1, 4, 9]


@pytest.mark.parametrize("kept", [0, 1, 10, -1])
def test_an_unfinished_last_line_is_fitted_again(tmp_path, kept):
    path = tmp_path / "table.jsonl"
    run_points(POINTS, Fit(), lambda _: path, jobs=1)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:3]) + lines[3][:kept])
    assert scores(read_rows(path)) == [0, 1, 4]
    again = Fit()
    assert scores(run_points(POINTS, again, lambda _: path, jobs=1)) == [0, 1, 4, 9]
    assert again.seen == [3]
    assert path.read_text() == "".join(lines)


def test_a_run_killed_in_its_first_line_starts_over(tmp_path):
    path = tmp_path / "table.jsonl"
    path.write_text('{"seed": 0, "par')
    assert scores(run_points(POINTS, Fit(), lambda _: path, jobs=1)) == [0, 1, 4, 9]
    assert len(read_rows(path)) == 4


def test_a_failed_fit_is_a_row_and_is_tried_again(tmp_path):
    path = tmp_path / "table.jsonl"
    rows = run_points(POINTS, Fit(fails=[1]), lambda _: path, jobs=1)
    assert rows[1] == {**POINTS[1], "error": "boom"}
    assert scores(rows) == [0, None, 4, 9]
    again = Fit()
    assert scores(run_points(POINTS, again, lambda _: path, jobs=1)) == [0, 1, 4, 9]
    assert again.seen == [1]


def test_more_points_are_added_to_those_of_before(tmp_path):
    path = tmp_path / "table.jsonl"
    run_points(POINTS[:2], Fit(), lambda _: path, jobs=1)
    more = Fit()
    assert scores(run_points(POINTS[1:], more, lambda _: path, jobs=1)) == [1, 4, 9]
    assert more.seen == [2, 3]


def test_other_parameters_are_another_fit(tmp_path):
    path = tmp_path / "table.jsonl"
    run_points(POINTS[:1], Fit(), lambda _: path, jobs=1)
    other = Fit()
    run_points([{"seed": 0, "params": {"weight": 7}}], other, lambda _: path, jobs=1)
    assert other.seen == [0]


def test_undefined_values_are_null(tmp_path):
    path = tmp_path / "table.jsonl"
    run_points(
        [{"seed": 0}],
        lambda point: {**point, "gap": float("nan")},
        lambda _: path,
        jobs=1,
    )
    assert json.loads(path.read_text()) == {"seed": 0, "gap": None}


def test_a_broken_line_in_the_middle_is_an_error(tmp_path):
    path = tmp_path / "table.jsonl"
    path.write_text('{"seed": 0}\nnonsense\n{"seed": 1}\n')
    with pytest.raises(ValueError, match=r"Line 2 of table\.jsonl is no JSON"):
        read_rows(path)


def test_no_file_has_no_rows(tmp_path):
    assert read_rows(tmp_path / "none.jsonl") == []


def test_each_row_goes_to_the_file_of_its_point(tmp_path):
    def file_of(point):
        return tmp_path / f"{point['seed'] % 2}.jsonl"

    run_points(POINTS[:3], Fit(), file_of, jobs=1)
    more = Fit()
    assert scores(run_points(POINTS, more, file_of, jobs=1)) == [0, 1, 4, 9]
    assert more.seen == [3]
    assert scores(read_rows(tmp_path / "0.jsonl")) == [0, 4]
    assert scores(read_rows(tmp_path / "1.jsonl")) == [1, 9]
