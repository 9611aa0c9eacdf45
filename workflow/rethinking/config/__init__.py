"""The configuration: what YAML says, checked, and what each job gets of it."""

from rethinking.checkout import CHECKOUT
from rethinking.config.configuration import DEFAULT, Configuration
from rethinking.config.datasets import CATALOGUE

__all__ = ["CATALOGUE", "CHECKOUT", "DEFAULT", "Configuration"]
