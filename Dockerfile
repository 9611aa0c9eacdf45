# The workflow with all that it needs, for Docker, Podman and Apptainer: docs/running.md says how to build and run it.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim-bookworm

# TORCH_INDEX: where PyTorch's wheels for one kind of machine lie, such as those for the CPU alone. Without it they are the
# lock file's, which bring CUDA and run without a GPU as well. EXTRAS: extras of pyproject.toml, such as s3.
ARG TORCH_INDEX
ARG EXTRAS

WORKDIR /opt/rethinking

# What changes seldom first: after a change of code nothing is fetched again.
COPY requirements.lock pyproject.toml ./
RUN if [ -n "$TORCH_INDEX" ]; then \
      grep -E '^torch(vision)?==' requirements.lock > torch.lock \
      && pip install --no-cache-dir --root-user-action=ignore --no-deps --index-url "$TORCH_INDEX" -r torch.lock; \
    fi
RUN python -c 'import tomllib; of = tomllib.load(open("pyproject.toml", "rb")); \
      print(*of["build-system"]["requires"], *of["project"]["dependencies"], sep="\n")' > needed.txt \
    && pip install --no-cache-dir --root-user-action=ignore --constraint requirements.lock -r needed.txt

# An extra may need another version of something than the lock file has (s3: of python-dateutil); the rest stays.
COPY . .
RUN pip install --no-cache-dir --root-user-action=ignore --no-build-isolation --editable ".${EXTRAS:+[$EXTRAS]}" \
    && python -m compileall -q workflow

# Whoever runs it may be any number (--user), for which Snakemake needs a name and a home; Apptainer brings the user's
# own, of which no package is imported.
ENV USER=rethinking HOME=/home/rethinking PYTHONNOUSERSITE=1
RUN useradd --create-home --uid 1000 rethinking && install --directory --mode 1777 "$HOME" /work
USER 1000
WORKDIR /work
CMD ["snakemake", "--snakefile", "/opt/rethinking/Snakefile", "--cores", "all", "figures/fig1.pdf"]
