# `make figures/fig1.pdf` on a bare machine: makes .venv from the lock file, then runs Snakemake. Everything else is
# plain `snakemake` in any environment that has the dependencies.
PYTHON ?= python3
CORES ?= all
BIN := .venv/bin

.PHONY: all .venv lint test test-large torture bench bench-bfloat16 test-gpu test-slurm accept golden mutate FORCE
.NOTPARALLEL:

all: .venv
	$(BIN)/snakemake --cores $(CORES)

figures/%: FORCE .venv
	$(BIN)/snakemake --cores $(CORES) $@

.venv: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(None if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed; make PYTHON=python3.12 …')"
	$(PYTHON) -P -m venv .venv
	$(BIN)/python -P -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -P -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lint: .venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/lint-imports
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/snakemake --lint

# DATA_DIR=… has data sets' official files, as data_dir of a configuration: they are checked as well.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

# Every network at its full width on images of its full size: some minutes and 2.5 GB of memory.
test-large: .venv
	PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python tests/large_models.py

# 100 runs that are killed again and again must end with the bytes of runs that are not.
torture: .venv
	PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python tests/torture.py --runs 100

# Speed, as ratios measured on this machine: writes benchmarks/results.md. DATA_DIR=… has cifar-10-batches-py.
bench: .venv
	PYTHONPATH=workflow $(BIN)/python -m benchmarks $(if $(DATA_DIR),--data-dir $(DATA_DIR))

# Whether bfloat16 changes a conclusion: a quarter of an hour; writes benchmarks/bfloat16.md.
bench-bfloat16: .venv
	PYTHONPATH=workflow $(BIN)/python -m benchmarks.bfloat16 $(if $(DATA_DIR),--data-dir $(DATA_DIR))

# On a GPU: some 3 minutes. `make test-gpu DEVICE=cpu` runs the same bodies small on the CPU, as `make test` does. What a
# driver or compiler of another version warns of is shown, and is an error on the CPU only.
DEVICE ?= cuda
test-gpu: .venv
	PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/gpu -rs --durations 10 --device $(DEVICE) \
	  $(if $(filter cuda,$(DEVICE)),-W default)

# As root, on Debian or Ubuntu: installs SLURM and runs two nodes of it on this machine for as long as the test takes.
test-slurm: .venv/slurm
	PYTHONPATH=$(CURDIR)/.venv/slurm OMP_NUM_THREADS=1 $(BIN)/python -m pytest -v tests/slurm/run.py tests/test_profiles.py

# The plugin stays out of .venv itself: each one that is installed slows each start of Snakemake.
.venv/slurm: tests/slurm/requirements.lock .venv/ready
	rm -rf $@
	$(BIN)/python -P -m pip install --quiet --disable-pip-version-check --no-deps --target $@ -r tests/slurm/requirements.lock
	@touch $@

# After a change of code that alters no number: proves that it alters none, then keeps the trainings that are there.
# Figures and tables are made again. CONFIG=config/cifar10.yaml for another configuration than the default.
CONFIG ?= config/config.yaml
accept: .venv
	@kept=$$(PYTHONPATH=workflow $(BIN)/python -P -m rethinking accept --configfile $(CONFIG)) || exit 1; \
	if [ -n "$$kept" ]; then $(BIN)/snakemake --cores 1 --configfile $(CONFIG) --touch --forceall -- $$kept; fi

# After a change that is meant to alter numbers, or a new network, corruption, reader, …: `git diff tests/golden` shows which.
golden: .venv
	PYTHONPATH=workflow:tests OMP_NUM_THREADS=1 $(BIN)/python -P -m proof --write
	PYTHONPATH=workflow:tests OMP_NUM_THREADS=1 $(BIN)/python tests/test_golden_losses.py --write

# That the proof notices: one constant of each module is changed, one after the other, and `accept` must refuse each.
mutate: .venv
	PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python tests/mutate.py

FORCE:
