"""The measures that a recipe may list: name -> a function from a network to a value for each of its tensors."""

from rethinking.registry import Entry

MEASURES = {
    "frobenius_norm": Entry(
        module="rethinking.analysis.norms",
        function="frobenius_norm",
        description="Frobenius norm of each parameter tensor and of all of them together",
    ),
    "distance_from_initialisation": Entry(
        module="rethinking.analysis.norms",
        function="distance_from_initialisation",
        description="Frobenius norm of how far each parameter tensor, and all of them, moved from where they began",
    ),
}
