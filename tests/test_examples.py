"""The examples in the docstrings of every module give what they say."""

import doctest
import importlib
import importlib.util
import inspect
import os
import pkgutil

import pytest

import musiclime

NAMES = [found.name for found in pkgutil.walk_packages(musiclime.__path__, "musiclime.")]
SLOW = {"musiclime.models.training", "musiclime.models.authors_checkpoints"}
MODULES = [
    pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
    for name in NAMES
    if not name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name, tmp_path, monkeypatch):
    if name == "musiclime.models.pretrained" and importlib.util.find_spec("musicnn") is None:
        # In CI a skip that nobody sees is a failure.
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("the data package musicnn is not installed: pip install -r requirements-real.txt")
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0, f"{failed} examples of {name} give something else: see above"


def test_every_public_name_says_what_it_takes_and_gives_with_an_example():
    lacking = []
    for module_name, public in musiclime.PUBLIC_NAMES.items():
        module = importlib.import_module(f"musiclime.{module_name}")
        for name in public:
            thing = getattr(module, name)
            if not callable(thing):
                continue
            parts = ["Args:", ">>>"] if inspect.isclass(thing) else ["Args:", "Returns:", ">>>"]
            lacking += [(name, part) for part in parts if part not in thing.__doc__]
    assert lacking == []
