"""What pyproject.toml cannot say: on PyPI the README's links lead to the files of this release."""

import re
import tomllib
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RELEASE = f"v{PROJECT['version']}"
FILES = f"{PROJECT['urls']['Source']}/blob/{RELEASE}"
PICTURES = f"{PROJECT['urls']['Source']}/raw/{RELEASE}"


def readme() -> str:
    """The README with whole addresses in place of relative ones."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    text = re.sub(r'src="(?!https?:)', f'src="{PICTURES}/', text)
    return re.sub(r"\]\((?!https?:|#)", f"]({FILES}/", text)


setup(long_description=readme(), long_description_content_type="text/markdown")
