"""Free what only serves to go on: saved states of runs, which more epochs would continue from."""

import argparse
import shutil

from rethinking.stages.by_hand import BY_HAND, RESULTS

PARTS = {
    "state": (RESULTS / "state", "saved states; a run whose epochs are raised then starts over"),
    "by-hand": (BY_HAND, "runs by hand and their data"),
}


def main(argv: list[str]) -> None:
    """Say what would be freed, then free it."""
    parser = argparse.ArgumentParser(prog="python -m rethinking clean", description=__doc__)
    for part, (folder, meaning) in PARTS.items():
        parser.add_argument(f"--{part}", action="store_true", help=f"{folder}: {meaning}")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be freed")
    args = parser.parse_args(argv)
    chosen = [part for part in PARTS if getattr(args, part.replace("-", "_"))]
    if not chosen:
        parser.error(f"choose what to free: {', '.join(f'--{part}' for part in PARTS)}")
    for part in chosen:
        folder, meaning = PARTS[part]
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        print(f"{folder}: {len(files)} files, {size / 1e6:.1f} MB ({meaning})", flush=True)
        if files and not args.dry_run:
            shutil.rmtree(folder)
            print(f"{folder}: freed")
