"""Where the files lie that are no code: configurations, schemas, published numbers, documents, the workflow itself.

In a checkout they lie beside the code; an installed package has them in a folder of its own.
"""

from pathlib import Path

_AROUND = Path(__file__).parents[2]
CHECKOUT = _AROUND if (_AROUND / "workflow/schemas").is_dir() else Path(__file__).parent / "shipped"
SCHEMAS = CHECKOUT / "workflow/schemas"
