#!/usr/bin/env bash
# The first minutes on a GPU that is there for a short time only, in an environment that has the dependencies:
#   bash benchmarks/gpu_session.sh checks OUT                      # tests, the default figure, benchmarks: some 6 minutes
#   bash benchmarks/gpu_session.sh campaign OUT MINUTES [ARG …]    # config/cifar10-gpu.yaml; ARG such as data_dir=/path
# OUT gets logs, figure, page and archives of the runs' small files, each as soon as there is one. Nothing that fails stops
# what comes after it. DEVICE=cpu goes the same way on a CPU; RUNS is how many trainings share the device.
set -uo pipefail
cd "$(dirname "$0")/.."
part=${1:?checks or campaign} out=$(mkdir -p "${2:?a folder for the results}" && realpath "$2")
device=${DEVICE:-cuda} runs=${RUNS:-4}
export PYTHONPATH="$PWD/workflow${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1

step() { # NAME SECONDS COMMAND …: with a time limit, its output in OUT/NAME.log
    local name=$1 seconds=$2 code=0 start=$SECONDS
    shift 2
    timeout --signal=INT --kill-after=20 "$seconds" "$@" > "$out/$name.log" 2>&1 || code=$?
    echo "$name: exit code $code after $((SECONDS - start)) s; $(tail -n 1 "$out/$name.log")"
}

campaign() { # NAME MINUTES SNAKEMAKE'S ARGUMENTS …
    local name=$1 minutes=$2
    shift 2
    step "$name" "$(python3 -c "print(int(60 * $minutes + 90))")" \
        python3 -m rethinking campaign --minutes "$minutes" --pack "$out/$name.tar.xz" -- \
        --profile profiles/gpu --resources "gpu=$runs" --quiet rules progress "$@"
}

case $part in
    checks)
        step tests "${TESTS:-240}" python3 -m pytest tests/gpu -rs --durations 10 --device "$device" -W default
        campaign figure "${FIGURE:-2}" -- figures/fig1.pdf
        cp figures/fig1.pdf "$out/" || true
        step benchmarks "${BENCHMARKS:-180}" python3 -m benchmarks gpu --device "$device"
        [ ! -e benchmarks/gpu.md ] || cp benchmarks/gpu.md "$out/"
        ;;
    campaign)
        minutes=${3:?how many minutes}
        shift 3
        campaign campaign "$minutes" --configfile config/cifar10-gpu.yaml ${@:+--config "$@"} -- all
        ;;
    *)
        echo "unknown part '$part': checks or campaign" >&2
        exit 2
        ;;
esac
