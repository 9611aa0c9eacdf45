"""The networks: name -> module and function. The module is the model's family (learning rates are given by family)."""

from dataclasses import dataclass

from rethinking.registry import Entry


@dataclass(frozen=True, kw_only=True)
class Model(Entry):
    """One network. `smallest` is the least height and width that it takes.

    `parameters` (the trainable ones) and `multiply_adds` (of one image) hold at 3x28x28 and 10 classes.
    """

    label: str
    smallest: int
    parameters: int
    multiply_adds: int
    arguments: tuple[str, ...]

    @property
    def family(self) -> str:
        return self.module.rpartition(".")[2]


MODELS = {
    "mlp_1x512": Model(
        module="rethinking.models.mlp",
        function="mlp_1x512",
        label="MLP 1×512",
        description="multi-layer perceptron, one hidden layer of 512 (paper appendix A)",
        smallest=1,
        parameters=1_209_866,
        multiply_adds=1_209_344,
        arguments=("width",),
    ),
    "mlp_3x512": Model(
        module="rethinking.models.mlp",
        function="mlp_3x512",
        label="MLP 3×512",
        description="multi-layer perceptron, three hidden layers of 512 (paper appendix A)",
        smallest=1,
        parameters=1_735_178,
        multiply_adds=1_733_632,
        arguments=("width",),
    ),
    "alexnet": Model(
        module="rethinking.models.alexnet",
        function="alexnet",
        label="AlexNet",
        description="small AlexNet: twice [conv 5x5, max pool, local response norm], then 384, 192 (paper appendix A)",
        smallest=4,
        parameters=1_387_786,
        multiply_adds=25_113_472,
        arguments=("width",),
    ),
    "inception": Model(
        module="rethinking.models.inception",
        function="inception",
        label="Inception",
        description="small Inception with batch norm (paper figure 3)",
        smallest=4,
        parameters=1_649_402,
        multiply_adds=204_219_680,
        arguments=("width",),
    ),
    "inception_without_bn": Model(
        module="rethinking.models.inception",
        function="inception_without_bn",
        label="Inception w/o BN",
        description="small Inception, batch norm removed, convolutions with bias (paper section 3)",
        smallest=4,
        parameters=1_649_402,
        multiply_adds=204_219_680,
        arguments=("width",),
    ),
}
