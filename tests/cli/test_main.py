"""The command line: what it refuses, what it passes on."""

from importlib import metadata
from pathlib import Path

import pytest

from skrunner.cli import main


@pytest.fixture
def demos(monkeypatch):
    """Return the calls of the demo, which does not run."""
    calls = []

    def record(n_seeds, **options):
        calls.append({"n_seeds": n_seeds, **options})

    monkeypatch.setattr("skrunner.cli._main.run_demo", record)
    return calls


def refused(arguments, capsys):
    """Return what is said of wrong arguments."""
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    out, said = capsys.readouterr()
    assert out == ""
    assert said.startswith("usage: skrunner")
    return said


def test_the_installed_command_is_this_function():
    (command,) = metadata.entry_points(group="console_scripts", name="skrunner")
    assert command.load() is main


def test_version(capsys):
    with pytest.raises(SystemExit) as error:
        main(["--version"])
    assert error.value.code == 0
    assert capsys.readouterr().out == metadata.version("skrunner") + "\n"


def test_arguments_of_the_process(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["skrunner", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out == metadata.version("skrunner") + "\n"


def test_no_command(capsys):
    assert "are required: COMMAND" in refused([], capsys)


def test_unknown_command(capsys):
    said = refused(["repair"], capsys)
    assert "invalid choice: 'repair'" in said
    assert "demo" in said.split("invalid choice")[1]


def test_help_says_how_long_quick_is(capsys):
    with pytest.raises(SystemExit) as error:
        main(["demo", "--help"])
    assert error.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "one split of 6,000 rows" in said
    assert "random splits (default: 3)" in said
    assert "(default: skrunner-demo.png)" in said


def test_defaults_of_the_demo(demos):
    assert main(["demo"]) == 0
    expected = {"n_seeds": 3, "quick": False, "output": Path("skrunner-demo.png")}
    assert demos == [expected]


def test_options_of_the_demo(demos, tmp_path):
    figure = tmp_path / "figure.svg"
    assert main(["demo", "--seeds", "7", "--quick", "--output", str(figure)]) == 0
    assert demos == [{"n_seeds": 7, "quick": True, "output": figure}]


@pytest.mark.parametrize("seeds", ["0", "-1", "2.5", "many"])
def test_seeds_are_counted_from_one(seeds, demos, capsys):
    said = refused(["demo", f"--seeds={seeds}"], capsys)
    assert f"--seeds: '{seeds}' is not a number of at least 1" in said
    assert demos == []


def test_a_folder_that_is_not_there_is_refused_before_training(demos, capsys, tmp_path):
    folder = tmp_path / "absent"
    said = refused(["demo", "--output", str(folder / "figure.png")], capsys)
    assert f"--output: there is no folder '{folder}'" in said
    assert demos == []


@pytest.mark.parametrize("name", ["figure", "figure.txt"])
def test_a_format_that_cannot_be_written_is_refused_before_training(
    name, demos, capsys
):
    said = refused(["demo", "--output", name], capsys)
    assert f"'{name}' does not end in .png, .pdf or .svg" in said
    assert demos == []
