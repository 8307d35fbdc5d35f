"""What the package promises to those who import it."""

import inspect

import flasktrace


def test_the_public_names_are_sorted_and_there_once():
    assert sorted(set(flasktrace.__all__)) == flasktrace.__all__


def test_every_public_name_is_there():
    missing = [name for name in flasktrace.__all__ if not hasattr(flasktrace, name)]

    assert [] == missing


def test_every_name_of_ours_is_public():
    submodules = {
        name
        for name, value in vars(flasktrace).items()
        if inspect.ismodule(value) and value.__name__ == f"flasktrace.{name}"
    }
    names = {name for name in vars(flasktrace) if name.isidentifier() and not name.startswith("_")}

    assert names - submodules <= set(flasktrace.__all__)


def test_a_star_import_gives_the_public_names():
    names = {}
    exec("from flasktrace import *", names)

    assert set(flasktrace.__all__) <= set(names)


def test_the_promised_surface_of_the_tracer_is_public():
    promised = {"wrap", "unwrap", "Tracer", "capture", "span", "event", "current_trace", "signals"}

    assert promised <= set(flasktrace.__all__)


def test_every_public_class_and_function_says_what_it_does():
    silent = [
        name
        for name in flasktrace.__all__
        if (inspect.isclass(value := vars(flasktrace)[name]) or inspect.isfunction(value))
        and not inspect.getdoc(value)
    ]

    assert [] == silent
