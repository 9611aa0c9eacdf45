# `make figures/fig1.pdf` on a bare machine: makes .venv from the lock file, then runs Snakemake. Everything else is
# plain `snakemake` in any environment that has the dependencies.
PYTHON ?= python3
CORES ?= all
BIN := .venv/bin

.PHONY: help all page docs pictures schemas .venv lint test test-slow test-large torture bench bench-bfloat16 test-gpu test-slurm test-s3 test-page accept golden mutate FORCE
.NOTPARALLEL:

help: ## what there is to make
	@echo "make TARGET: first of all .venv (6.4 GB on the disk, most of it PyTorch with CUDA; some minutes), then"
	@sed -n 's/^\([a-zA-Z0-9%/.-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22
	@echo "PYTHON=python3.12, CORES=4, CONFIG=FILE, DATA_DIR=FOLDER say with what; plain snakemake does the rest: README.md"

all: .venv ## every figure and table of the default configuration
	$(BIN)/snakemake --cores $(CORES)

figures/%: FORCE .venv ## one figure of the default configuration, as in: make figures/fig1.pdf (3 to 6 minutes)
	$(BIN)/snakemake --cores $(CORES) $@

page: .venv ## a page of each configuration of which docs/results/ records runs: results/report/recorded/index.html lists them
	PYTHONPATH=workflow $(BIN)/python -P -m rethinking page

docs: .venv ## the documents as a site: docs/_site/index.html
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_site

pictures: .venv ## the pictures of the documents, from what is recorded
	PYTHONPATH=workflow $(BIN)/python docs/pictures/make.py

schemas: .venv ## what is made of the schema of configurations: an editor's schema, the keys in config/README.md
	$(BIN)/python workflow/schemas/make.py

.venv: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else 'Python 3.11, 3.12 or 3.13 is needed; make PYTHON=python3.12 …')"
	$(PYTHON) -P -m venv .venv
	@echo "Installing into .venv: 6.4 GB on the disk, most of it PyTorch with CUDA; some minutes."
	$(BIN)/python -P -m pip install --disable-pip-version-check -r requirements.lock
	$(BIN)/python -P -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lint: .venv ## style, layers, types of the code and of the workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/lint-imports
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/snakemake --lint

# DATA_DIR=… has data sets' official files, as data_dir of a configuration: they are checked as well.
test: lint ## lint, and all fast tests (20 to 35 minutes on two cores)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not slow"

# From beginning to end: the documents' commands planned, photographs, a campaign, kills, the installed package, edits
# that train again, the larger bodies of the tests of a GPU.
test-slow: .venv ## the other tests (half an hour)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m slow

# Every network at its full width on images of its full size: some minutes and 2.5 GB of memory.
test-large: .venv ## every network at its full size (some minutes)
	PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python tests/large_models.py

# 100 runs that are killed again and again must end with the bytes of runs that are not.
torture: .venv ## runs that are killed again and again
	PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python tests/torture.py --runs 100

# Speed, as ratios measured on this machine: writes benchmarks/results.md. DATA_DIR=… has cifar-10-batches-py.
bench: .venv ## speed as ratios: benchmarks/results.md (15 minutes)
	PYTHONPATH=workflow $(BIN)/python -m benchmarks $(if $(DATA_DIR),--data-dir $(DATA_DIR))

# Whether bfloat16 changes a conclusion: a quarter of an hour; writes benchmarks/bfloat16.md.
bench-bfloat16: .venv ## whether bfloat16 changes a conclusion (15 minutes)
	PYTHONPATH=workflow $(BIN)/python -m benchmarks.bfloat16 $(if $(DATA_DIR),--data-dir $(DATA_DIR))

# On a GPU: some 3 minutes. `make test-gpu DEVICE=cpu` runs the same bodies small on the CPU, as `make test` and
# `make test-slow` do. What a driver or compiler of another version warns of is shown, and is an error on the CPU only.
DEVICE ?= cuda
test-gpu: .venv ## what a GPU must do, on one (3 minutes); DEVICE=cpu for the same bodies on the CPU
	PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/gpu -rs --durations 10 --device $(DEVICE) \
	  $(if $(filter cuda,$(DEVICE)),-W default)

# As root, on Debian or Ubuntu: installs SLURM and runs two nodes of it on this machine for as long as the test takes.
test-slurm: .venv/slurm ## two nodes of SLURM on this machine, as root on Debian (4 minutes)
	PYTHONPATH=$(CURDIR)/.venv/slurm OMP_NUM_THREADS=1 $(BIN)/python -m pytest -v tests/slurm/run.py tests/test_profiles.py

# The plugin stays out of .venv itself: each one that is installed slows each start of Snakemake.
.venv/slurm: tests/slurm/requirements.lock .venv/ready
	rm -rf $@
	$(BIN)/python -P -m pip install --quiet --disable-pip-version-check --no-deps --target $@ -r tests/slurm/requirements.lock
	@touch $@

# S3 as moto has it, on this machine; a cluster whose jobs share no disk with it, made of two lines of shell.
test-s3: .venv/s3 ## results in object storage, jobs that share no disk (5 minutes)
	PYTHONPATH=$(CURDIR)/.venv/s3 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -v tests/s3/run.py tests/test_profiles.py

# Outside .venv itself, like the plugin for SLURM.
.venv/s3: tests/s3/requirements.lock .venv/ready
	rm -rf $@
	$(BIN)/python -P -m pip install --quiet --disable-pip-version-check --no-deps --target $@ -r tests/s3/requirements.lock
	@touch $@

# Debian's Chromium, which is installed where this runs as root there, and axe-core of npm; build/page/ has what was seen.
test-page: .venv/page ## pages in a real browser (2 minutes)
	PYTHONPATH=$(CURDIR)/.venv/page OMP_NUM_THREADS=1 $(BIN)/python -m pytest -v -rs tests/browser/run.py

# Outside .venv itself, like the plugin: the rest of the tests see pages as they are without it.
.venv/page: tests/browser/requirements.lock .venv/ready
	rm -rf $@
	$(BIN)/python -P -m pip install --quiet --disable-pip-version-check --no-deps --target $@ -r tests/browser/requirements.lock
	@touch $@

# After a change of code that alters no number: proves that it alters none, then keeps the trainings that are there.
# Figures and tables are made again. CONFIG=config/cifar10.yaml for another configuration than the default.
CONFIG ?= config/config.yaml
accept: .venv ## keep results after a change of code that alters no number, proved first
	@kept=$$(PYTHONPATH=workflow $(BIN)/python -P -m rethinking accept --configfile $(CONFIG)) || exit 1; \
	if [ -n "$$kept" ]; then $(BIN)/snakemake --cores 1 --configfile $(CONFIG) --touch --forceall -- $$kept; fi

# After a change that is meant to alter numbers, or a new network, corruption, reader, …: `git diff tests/golden` shows which.
golden: .venv ## write the proof's numbers anew, after a change that is meant to alter them
	PYTHONPATH=workflow:tests OMP_NUM_THREADS=1 $(BIN)/python -P -m proof --write
	PYTHONPATH=workflow:tests OMP_NUM_THREADS=1 $(BIN)/python tests/test_golden_losses.py --write

# That the proof notices: one constant of each module is changed, one after the other, and `accept` must refuse each.
mutate: .venv ## that the proof notices a changed constant (15 minutes)
	PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python tests/mutate.py

FORCE:
