"""What goes with a release: how to cite it, what Zenodo is told, and one version everywhere."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import musiclime as ml

ROOT = Path(__file__).resolve().parents[2]
# What Zenodo's deposit needs, and the kinds that it knows (developers.zenodo.org, "Deposit metadata").
NEEDED = {"title", "upload_type", "description", "creators", "license"}
UPLOADS = {
    "publication",
    "poster",
    "presentation",
    "dataset",
    "image",
    "video",
    "software",
    "lesson",
    "other",
}


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert project["version"] == ml.__version__ == str(citation["version"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", citation["date-released"])
    assert citation["url"] == project["urls"]["Book"]
    assert citation["repository-code"] == project["urls"]["Source"]


@pytest.mark.slow
def test_on_pypi_every_link_of_the_readme_has_a_whole_address(tmp_path):
    metadata = (
        f"import setuptools.build_meta as b; print(b.prepare_metadata_for_build_wheel({str(tmp_path)!r}))"
    )
    subprocess.run([sys.executable, "-c", metadata], cwd=ROOT, check=True, capture_output=True)
    told = next(tmp_path.glob("*.dist-info/METADATA")).read_text(encoding="utf-8")
    written = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.compile(r"\]\(([^)#]+)\)|src=\"([^\"]+)")
    addresses = ["".join(found) for found in links.findall(told)]
    assert len(addresses) == len(links.findall(written)) > 5
    for address, before in zip(addresses, ("".join(found) for found in links.findall(written))):
        assert address.startswith("https://") and address.endswith(before)
        if address != before:
            assert (ROOT / before).is_file() and f"/v{ml.__version__}/" in address


def test_zenodo_is_told_what_it_needs():
    told = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    assert told.keys() >= NEEDED and all(told[name] for name in NEEDED)
    assert told["upload_type"] in UPLOADS and told["access_right"] == "open"
    assert all(set(person) <= {"name", "affiliation", "orcid", "gnd"} for person in told["creators"])
    assert re.fullmatch(r"[A-Za-z]{3}", told["language"])
    for related in told["related_identifiers"]:
        assert re.fullmatch(r"arXiv:\d{4}\.\d{5}|10\.\d+/\S+|https://\S+", related["identifier"])
        assert related["relation"] in {"isSupplementTo", "isDocumentedBy", "isDerivedFrom", "references"}


def test_the_release_attaches_what_it_promises():
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]
    steps = "\n".join(str(step) for step in jobs["release"]["steps"])
    for part in (
        "make dist",
        "make_pdf_epub",
        "for ending in pdf epub",
        "cdx.json",
        "zip",
        "GITHUB_REF_NAME",
    ):
        assert part in steps
    assert jobs["release"]["permissions"]["id-token"] == "write"
