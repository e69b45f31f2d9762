# make book: the site in _build/html. make test: every check. make serve: the site on localhost.
# Each makes what it needs first; all need only Python 3.11 to 3.13, pip and make.
PYTHON ?= python3
PORT ?= 8000
JOBS ?= 2
PATIENCE ?= 1
RUN = .venv/bin/python
READY = .venv/ready

.PHONY: help book runs html serve test lint pairs links screenshot bench bench-check clean
help:
	@sed -n 1,2p $(MAKEFILE_LIST)

# Debian without python3-venv has venv but no ensurepip: then pip comes from outside.
$(READY): pyproject.toml constraints.txt
	@echo "[1/3] Python environment in .venv: first time some minutes, mostly downloads"
	@test -x $(RUN) || $(PYTHON) -m venv .venv || \
	  { $(PYTHON) -m venv --clear --without-pip .venv && $(PYTHON) -m pip --python $(RUN) install -q pip; }
	$(RUN) -m pip install -q --progress-bar off -c constraints.txt -e ".[book,test,fleet,train]"
	@$(RUN) -c "from musiclime.models.torchaudio_guard import mend; mend()"
	@touch $@

book: runs html
	@echo "The book is ready: _build/html/index.html (or: make serve)"

runs: $(READY)
	@echo "[2/3] Runs: what is stale is trained, explained and written to runs/ (Ctrl-C is safe: the rest resumes)"
	$(RUN) tools/execute_chapters.py --jobs $(JOBS) --patience $(PATIENCE)

html: $(READY)
	@echo "[3/3] Pages: Sphinx, warnings are errors"
	.venv/bin/jupyter-book build . --path-output . -W -n --keep-going
	@$(RUN) tests/book/site_checks.py _build/html

serve: book
	$(RUN) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

test: lint
	$(RUN) -m pytest --durations 15

# Seconds: what a reader of the source would trip over.
lint: $(READY)
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m codespell_lib

# The output-free ipynb twins that Colab and Kaggle can open.
pairs: $(READY)
	$(RUN) -m jupytext --quiet --update --to ipynb notebooks/*.py

# Of the built site: its links that lead out, with the date each last answered, and the README's picture.
links: $(READY)
	$(RUN) tools/check_links.py _build/html

screenshot: $(READY)
	$(RUN) tools/screenshot.py _build/html

# What is too dear for a build, into data/measured/: hours; bench-check: a minute, fails when we became slower.
bench: $(READY)
	$(RUN) -m benchmarks.bench speed scaling check errors --record

bench-check: $(READY)
	$(RUN) -m benchmarks.bench check

clean:
	rm -rf _build runs
