"""What a configuration defines by name, for the checks of what fits with what."""

from collections.abc import Mapping
from dataclasses import dataclass

from rethinking.config.inherit import Values
from rethinking.schema import ConfigOrigins


@dataclass(eq=False)
class Entries:
    """Every data set, network, corruption and recipe, complete; and the first and last as files have them, by kind."""

    origins: ConfigOrigins
    written: Mapping[str, Mapping[str, Values]]
    datasets: Mapping[str, Values]
    models: Mapping[str, Values]
    corruptions: Mapping[str, Values]
    recipes: Mapping[str, Values]
