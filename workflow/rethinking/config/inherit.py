"""Entries that extend others: data sets and recipes."""

from collections.abc import Collection, Mapping
from typing import Any

from rethinking.schema import ConfigOrigins

Values = dict[str, Any]


def chain(name: str, table: Mapping[str, Values], key: str, kind: str, origins: ConfigOrigins) -> list[str]:
    """`name` and everything that it extends, nearest first; `key` is where the table stands, as in "recipes."."""
    names = [name]
    while (parent := table[names[-1]].get("extends")) is not None:
        where = f"{key}{names[-1]}.extends"
        origins.require_known(where, parent, kind, table)
        if parent in names:
            raise origins.error(where, parent, "extends itself")
        names.append(parent)
    return names


def extended(names: list[str], table: Mapping[str, Values], merged: Collection[str] = ()) -> Values:
    """The entry of the first name over everything that it extends; mappings under the keys `merged` are merged."""
    values: Values = {}
    for each in reversed(names):
        for key, value in table[each].items():
            further = values.get(key)
            if key in merged and isinstance(value, dict) and isinstance(further, dict):
                values[key] = further | value
            else:
                values[key] = value
    values.pop("extends", None)
    return values
