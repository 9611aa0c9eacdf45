"""The networks of a configuration: those that are registered, and its own variants of them."""

from collections.abc import Mapping

from rethinking.config.inherit import Values
from rethinking.models.registry import MODELS
from rethinking.schema import ConfigOrigins

FAMILIES = sorted({model.family for model in MODELS.values()})


def resolved(own: Mapping[str, Values], origins: ConfigOrigins) -> dict[str, Values]:
    """Each with its factory, family, learning rate, arguments and label."""
    variants = {name: {"factory": name} for name in MODELS} | dict(own)
    return {name: _variant(name, variant, origins) for name, variant in variants.items()}


def _variant(name: str, variant: Values, origins: ConfigOrigins) -> Values:
    origins.require_known(f"models.{name}.factory", factory := variant["factory"], "model", MODELS)
    registered = MODELS[factory]
    # A width of 1 is the registered network and no variant of it.
    named = {"factory", "label", "learning_rate"} | ({"width"} if variant.get("width") == 1 else set())
    arguments = {key: value for key, value in variant.items() if key not in named}
    for argument, value in arguments.items():
        key = f"models.{name}.{argument}"
        origins.require_known(key, argument, f"argument of {factory}", registered.arguments, value)
    label = variant.get("label", registered.label if name == factory else name)
    return {
        "factory": factory,
        "family": registered.family,
        "learning_rate": variant.get("learning_rate", registered.learning_rate),
        "arguments": arguments,
        "label": label,
    }
