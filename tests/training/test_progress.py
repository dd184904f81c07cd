"""The progress bar: on stderr, with the last scores, closed behind the training."""

from tests.training.nets import make_rows, train


def test_a_bar_is_shown_and_closed(capsys):
    fitted = train(make_rows(), validation=make_rows(seed=1), verbose=1, max_epochs=4)
    out, err = capsys.readouterr()
    assert out == ""
    last = err.rstrip().rsplit("\r", 1)[-1]
    assert "training: 100%" in last
    assert "4/4" in last
    for name in ("train_loss", "fairness_term", "valid_utility", "valid_gap"):
        assert f"{name}={fitted.history[-1][name]:.4f}" in last
    assert err.endswith("\n")
    bar = dict(fitted.callbacks_)["progress"]
    assert not hasattr(bar, "bar_")


def test_what_is_not_a_number_is_left_out(capsys):
    train(make_rows(), repair=False, verbose=1)
    err = capsys.readouterr().err
    assert "train_loss=" in err
    assert "fairness_term" not in err


def test_two_adds_a_line_an_epoch(capsys):
    train(make_rows(), verbose=2)
    out, err = capsys.readouterr()
    assert "train_loss" in out
    assert len([line for line in out.splitlines() if line.strip()[:1] in "123"]) == 3
    assert "training: 100%" in err


def test_silent_by_default(capsys):
    train(make_rows())
    assert capsys.readouterr() == ("", "")
