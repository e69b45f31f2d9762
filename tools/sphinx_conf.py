"""Writes conf.py from _config.yml, so that sphinx-build alone can build the book: insurance, PDF and EPUB.

python tools/sphinx_conf.py SOURCE FOLDER      then      sphinx-build -c FOLDER SOURCE OUT
"""

import sys
from pathlib import Path

# What Sphinx reads relative to the folder of conf.py, which is not the folder of the pages here.
LISTS_OF_PATHS = ("html_static_path", "templates_path", "html_extra_path", "bibtex_bibfiles")
PATHS = ("html_logo", "html_favicon")


def settings(source: Path) -> dict:
    """The settings that jupyter-book would give to Sphinx for the pages in a folder."""
    from jupyter_book.config import get_final_config

    options = {"latex_individualpages": False}
    found, _ = get_final_config(user_yaml=source / "_config.yml", sourcedir=source, cli_config=options)
    for name in LISTS_OF_PATHS:
        found[name] = [str((source / path).resolve()) for path in found.get(name, [])]
    for name in PATHS:
        if found.get(name):
            found[name] = str((source / found[name]).resolve())
    found["external_toc_path"] = str((source / "_toc.yml").resolve())
    return found


def write(source: Path, folder: Path) -> Path:
    """Write conf.py for the pages of a folder.

    Args:
        source: the folder with _config.yml and _toc.yml.
        folder: where conf.py goes.

    Returns:
        The path of conf.py.
    """
    lines = ["import sys", ""]
    found = settings(source)
    # jupyter-book puts the folders of local extensions on the path; sphinx-build does not.
    extensions = {str((source / "book/_ext").resolve())}
    lines += [f"sys.path.append({path!r})" for path in sorted(extensions)]
    lines += [f"{name} = {value!r}" for name, value in sorted(found.items())]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "conf.py"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), Path(sys.argv[2])))
