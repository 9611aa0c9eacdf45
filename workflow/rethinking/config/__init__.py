"""The configuration: what YAML says, checked, and what each job gets of it."""

from rethinking.config.configuration import CHECKOUT, DEFAULT, Configuration
from rethinking.config.datasets import CATALOGUE

__all__ = ["CATALOGUE", "CHECKOUT", "DEFAULT", "Configuration"]
