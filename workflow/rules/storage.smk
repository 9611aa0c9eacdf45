# What earlier calls left: below the working folder or, where the command line names a storage for results, in that.
from functools import cache
from tempfile import TemporaryDirectory

from snakemake.io import get_flag_value

modifier = workflow.modifier.path_modifier
COPIES = TemporaryDirectory(prefix="rethinking-") if STORED else None


def stored(file: str) -> Any:
    """A file of results as an object of that storage, which Snakemake's plugin has made; None where there is none."""
    return get_flag_value(modifier.modify(file), "storage_object")


def is_there(file: str) -> bool:
    """Whether an earlier call left a file of results."""
    return is_in_storage(file) if STORED else os.path.exists(placed(file))


@cache
def is_in_storage(file: str) -> bool:
    """The same in a storage, which is asked once."""
    return stored(file).exists()


def called(folder: str) -> str:
    """What messages call a folder of results."""
    return str(stored(folder).query) if STORED else placed(folder)


@cache
def left(folder: str, *names: str) -> Path:
    """A folder of results as earlier calls left it; of one in a storage a copy that has these of its files."""
    if COPIES is None:
        return Path(placed(folder))
    copy = Path(COPIES.name) / folder
    for name in names:
        if is_in_storage(f"{folder}/{name}"):
            copy.mkdir(parents=True, exist_ok=True)
            file = stored(f"{folder}/{name}")
            file.set_local_path(copy / name)
            file.retrieve_object()
    return copy


def on_this_disk(file: str) -> Any:
    """A file that never goes to a storage: beside it lie others, which no rule names."""
    return local(placed(file))
