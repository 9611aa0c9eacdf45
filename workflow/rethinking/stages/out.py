"""Where a command by hand may write, as types of argparse: told as it is called, not when all is computed."""

import argparse
from pathlib import Path


def new_file(text: str) -> Path:
    """The path of a file to write; argparse.ArgumentTypeError where a folder is there, or a file above it."""
    if (path := _below_folders(text)).is_dir():
        raise argparse.ArgumentTypeError(f"{text}: is a folder; name a file")
    return path


def new_folder(text: str) -> Path:
    """The path of a folder to make; argparse.ArgumentTypeError where a file is there, or above it."""
    if (path := _below_folders(text)).exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: is a file; name a folder")
    return path


def file_or_folder(text: str) -> Path:
    """The path of a .zip file to write, or of a folder to make."""
    return new_file(text) if text.endswith(".zip") else new_folder(text)


def _below_folders(text: str) -> Path:
    path = Path(text)
    for parent in path.parents:
        if parent.exists() and not parent.is_dir():
            raise argparse.ArgumentTypeError(f"{text}: {parent} is a file, no folder")
    return path
