"""What is public is bound, documented, and documented as it is."""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import runpy
from pathlib import Path

import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc
from sklearn.base import BaseEstimator

import skrunner
from skrunner.datasets import make_biased_classification

DOCS = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "api_reference.py"))
PAGES = {room.module: room for room in DOCS["API"]}
ROOMS = [
    f"skrunner.{module.name}"
    for module in pkgutil.iter_modules(skrunner.__path__)
    if not module.name.startswith("_")
]
NO_DEFAULT = inspect.Parameter.empty


def exported(room):
    """Return what a room exports, by full name."""
    module = importlib.import_module(room)
    return {f"{room}.{name}": getattr(module, name) for name in module.__all__}


def listed(room):
    """Return the full names that the page of a room lists."""
    return [f"{room}.{name}" for part in PAGES[room].sections for name in part.names]


EXPORTED = {
    name: thing
    for room in ["skrunner", *ROOMS]
    for name, thing in exported(room).items()
}
USERS = {name: EXPORTED[name] for room in PAGES for name in listed(room)}
ESTIMATORS = {
    name: thing
    for name, thing in USERS.items()
    if inspect.isclass(thing) and issubclass(thing, BaseEstimator)
}


def callables(things):
    """Return each function, class and public method of ours once, by name."""
    found = {}
    for name, thing in things.items():
        if inspect.isclass(thing):
            for key, method in inspect.getmembers(thing, inspect.isfunction):
                ours = method.__module__.startswith("skrunner")
                if ours and not key.startswith("_"):
                    found[method] = f"{name}.{key}"
        exception = inspect.isclass(thing) and issubclass(thing, Exception)
        if (inspect.isclass(thing) or inspect.isfunction(thing)) and not exception:
            found.setdefault(thing, name)
    return {name: thing for thing, name in found.items()}


def scrape(thing):
    """Return the parsed docstring."""
    if inspect.isclass(thing):
        return ClassDoc(thing, config={"show_class_members": False})
    return FunctionDoc(thing)


def documented_types(thing):
    """Return the text behind each parameter's name."""
    return {
        name.strip().lstrip("*"): parameter.type
        for parameter in scrape(thing)["Parameters"]
        for name in parameter.name.split(",")
    }


def default_in(text):
    """Return the default that a parameter's text states."""
    _, found, value = text.partition("default=")
    if not found:
        return NO_DEFAULT
    try:
        return ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return value


@pytest.mark.parametrize("room", ["skrunner", *ROOMS])
def test_every_exported_name_is_bound_and_named_once(room):
    names = importlib.import_module(room).__all__
    assert len(names) == len(set(names)) > 0
    assert all(exported(room)[f"{room}.{name}"] is not None for name in names)


def test_every_room_has_a_page_or_is_named_as_an_inner_room():
    assert {*PAGES, *DOCS["INNER_ROOMS"]} == {"skrunner", *ROOMS}


@pytest.mark.parametrize("room", PAGES)
def test_the_page_of_a_room_lists_what_it_exports(room):
    names = listed(room)
    assert len(names) == len(set(names))
    top = [] if room == "skrunner" else exported("skrunner").values()
    expected = {
        name
        for name, thing in exported(room).items()
        if name != "skrunner.__version__"
        if not any(thing is other for other in top)
    }
    assert set(names) == expected


def test_what_inner_rooms_lend_to_the_package_is_documented():
    for name, thing in exported("skrunner").items():
        assert name == "skrunner.__version__" or name in USERS, thing


@pytest.mark.parametrize("name", EXPORTED)
def test_everything_exported_has_a_docstring(name):
    assert inspect.getdoc(EXPORTED[name])


ALL_CALLABLES = callables(EXPORTED)


@pytest.mark.parametrize("name", ALL_CALLABLES)
def test_documented_defaults_are_those_of_the_signature(name):
    thing = ALL_CALLABLES[name]
    texts = documented_types(thing)
    parameters = inspect.signature(thing).parameters
    for key, text in texts.items():
        stated = default_in(text)
        if stated is not NO_DEFAULT:
            actual = parameters[key].default
            assert stated == actual or stated == repr(actual), (key, text, actual)
            assert type(stated) is type(actual) or stated == repr(actual), (key, text)


@pytest.mark.parametrize("name", ALL_CALLABLES)
def test_documented_parameters_are_those_of_the_signature(name):
    thing = ALL_CALLABLES[name]
    known = inspect.signature(thing).parameters
    assert documented_types(thing).keys() <= known.keys()


# Records are made by the package: their defaults serve no user.
FOR_USERS = {
    name: thing
    for name, thing in callables(USERS).items()
    if not dataclasses.is_dataclass(thing) or name in ESTIMATORS
}
AS_ELSEWHERE = "as in NetClassifier"


@pytest.mark.parametrize("name", FOR_USERS)
def test_every_default_is_documented(name):
    thing = FOR_USERS[name]
    texts = documented_types(thing)
    elsewhere = inspect.signature(skrunner.NetClassifier).parameters
    for key, parameter in inspect.signature(thing).parameters.items():
        if texts.get(key) == AS_ELSEWHERE:
            assert parameter.default == elsewhere[key].default, key
        elif parameter.default is not NO_DEFAULT and not key.startswith("_"):
            assert "default=" in texts.get(key, ""), key


@pytest.fixture(scope="module")
def data():
    made = make_biased_classification(300, n_groups=3, random_state=0)
    return made.data, made.target, made.sensitive_features["group"]


def small(estimator):
    """Return an instance that trains in no time."""
    wanted = {
        "net_params": {"hidden": (8,)},
        "max_epochs": 3,
        "lr": 0.01,
        "fairness_batch_size": 60,
        "select_epoch": "last",
        "random_state": 0,
    }
    known = inspect.signature(estimator).parameters
    return estimator(**{name: value for name, value in wanted.items() if name in known})


@pytest.mark.parametrize("name", ESTIMATORS)
def test_documented_attributes_are_those_of_a_fitted_estimator(name, data):
    X, y, sensitive_features = data
    documented = {item.name for item in scrape(ESTIMATORS[name])["Attributes"]}
    documented = {key for names in documented for key in names.split(", ")}
    fitted = small(ESTIMATORS[name]).fit(X, y, sensitive_features=sensitive_features)
    present = {key for key in vars(fitted) if key.endswith("_") and key[0] != "_"}
    assert documented - present == {key for key in documented if not key.endswith("_")}
    assert present <= documented
