from benchmarks.paper.markdown import heading, titled_table


def test_a_cell_holds_lines_and_bars():
    lines = titled_table("Gaps", ("what", "gap"), [["|ΔDP|", "0.1\n*agrees*"]])
    assert lines == [
        "**Gaps**",
        "",
        "| what | gap |",
        "| --- | --- |",
        r"| \|ΔDP\| | 0.1<br>*agrees* |",
        "",
    ]


def test_levels_of_titles():
    assert heading("Adult", 2) == ["## Adult", ""]
