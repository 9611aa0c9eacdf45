"""The networks: name -> module and function. The module is the model's family (learning rates are given by family)."""

from dataclasses import dataclass

from rethinking.registry import Entry


@dataclass(frozen=True, kw_only=True)
class Model(Entry):
    """One network. `smallest` is the least height and width it takes, `parameters` the trainable ones at 3x28x28."""

    label: str
    smallest: int
    parameters: int
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
        arguments=("width",),
    ),
    "mlp_3x512": Model(
        module="rethinking.models.mlp",
        function="mlp_3x512",
        label="MLP 3×512",
        description="multi-layer perceptron, three hidden layers of 512 (paper appendix A)",
        smallest=1,
        parameters=1_735_178,
        arguments=("width",),
    ),
    "alexnet": Model(
        module="rethinking.models.alexnet",
        function="alexnet",
        label="AlexNet",
        description="small AlexNet: twice [conv 5x5, max pool, local response norm], then 384, 192 (paper appendix A)",
        smallest=4,
        parameters=1_387_786,
        arguments=("width",),
    ),
    "inception": Model(
        module="rethinking.models.inception",
        function="inception",
        label="Inception",
        description="small Inception with batch norm (paper figure 3)",
        smallest=4,
        parameters=1_649_402,
        arguments=("width",),
    ),
    "inception_without_bn": Model(
        module="rethinking.models.inception",
        function="inception_without_bn",
        label="Inception w/o BN",
        description="small Inception, batch norm removed, convolutions with bias (paper section 3)",
        smallest=4,
        parameters=1_649_402,
        arguments=("width",),
    ),
}
