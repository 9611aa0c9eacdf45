"""`python -m benchmarks [--data-dir FOLDER] [PART …]`: measure, print, write results.md (`make bench`).

`python -m benchmarks gpu` is a page of its own, gpu.md.
"""

import argparse
import sys

from benchmarks import gpu, memory, pipeline, results, scaling, training

PARTS = {
    "training": lambda args: training.rows(args.data_dir, args.repeats),
    "memory": lambda args: memory.rows(),
    "scaling": lambda args: scaling.rows(args.data_dir, args.repeats),
    "pipeline": lambda args: pipeline.rows(args.repeats),
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    choices = [*PARTS, "gpu"]
    parser.add_argument("parts", nargs="*", choices=[*choices, []], metavar="PART", help=", ".join(choices))
    parser.add_argument("--data-dir", help="folder of cifar-10-batches-py; without it, random pixels")
    parser.add_argument("--repeats", type=int, default=5, help="measurements of each thing (default: %(default)s)")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda", help="of gpu (default: %(default)s)")
    args = parser.parse_args()
    if args.parts == ["gpu"]:
        gpu.main(args.device, args.data_dir)
        sys.exit()
    rows = []
    if "gpu" in args.parts:
        parser.error("gpu is measured by itself")
    for part in args.parts or PARTS:
        for row in PARTS[part](args):
            rows.append(row)
            print(row, flush=True)
    if not args.parts:
        results.write(rows, "CIFAR-10" if args.data_dir else "random pixels", args.repeats)
