"""The networks: name -> module and function. The module is the model's family (learning rates are given by family)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rethinking.registry import CLASSIFICATION, REGRESSION, Entry


@dataclass(frozen=True, kw_only=True)
class Model(Entry):
    """One network. `smallest` is the least height and width that it takes, `arguments` what a configuration can set.

    `learning_rate` is what a recipe trains it with that says no other: the paper's for its networks, made for batches
    of 128 and a momentum of 0.9.

    Up to a side of `one_pixel_to` (`one_pixel_to_with_stem`) it normalises maps of one pixel over the batch, which
    needs two images: one has no variance. Of networks that never do it is 0.

    The sizes hold for inputs of `input_shape` (channels, height, width) and `num_classes`, which is None where the
    network predicts a number: `parameters` are the trainable ones, `multiply_adds` those of one image in convolutions
    and fully connected layers, `activations` the numbers that all layers put out for it.
    """

    label: str
    learning_rate: float
    input_shape: tuple[int, ...] = (3, 28, 28)
    num_classes: int | None = 10
    smallest: int = 1
    one_pixel_to: int = 0
    one_pixel_to_with_stem: int = 0
    parameters: int
    multiply_adds: int
    activations: int
    arguments: tuple[str, ...] = ("width",)

    @property
    def task(self) -> str:
        """What it can be trained to."""
        return REGRESSION if self.num_classes is None else CLASSIFICATION

    @property
    def family(self) -> str:
        return self.module.rpartition(".")[2]

    @property
    def input(self) -> str:
        """`input_shape` as it is written: 3x28x28."""
        return "x".join(map(str, self.input_shape))

    def needs_two_images(self, side: int, arguments: Mapping[str, Any]) -> bool:
        """Whether a batch of one image of this side cannot be trained on."""
        return side <= (self.one_pixel_to_with_stem if arguments.get("stem") else self.one_pixel_to)

    def build(
        self, input_shape: tuple[int, ...] | None = None, num_classes: int | None = None, **arguments: Any
    ) -> Any:
        """The network, for the stated input and classes where no others are given."""
        if self.num_classes is not None:
            arguments["num_classes"] = num_classes or self.num_classes
        return self.load()(input_shape=input_shape or self.input_shape, **arguments)


MODELS = {
    "mlp_1x512": Model(
        module="rethinking.models.mlp",
        function="mlp_1x512",
        label="MLP 1×512",
        learning_rate=0.01,
        description="multi-layer perceptron, one hidden layer of 512 (paper appendix A; elsewhere MLP1)",
        parameters=1_209_866,
        multiply_adds=1_209_344,
        activations=3_386,
    ),
    "mlp_3x512": Model(
        module="rethinking.models.mlp",
        function="mlp_3x512",
        label="MLP 3×512",
        learning_rate=0.01,
        description="multi-layer perceptron, three hidden layers of 512 (paper appendix A; elsewhere MLP3)",
        parameters=1_735_178,
        multiply_adds=1_733_632,
        activations=5_434,
    ),
    "alexnet": Model(
        module="rethinking.models.alexnet",
        function="alexnet",
        label="AlexNet",
        learning_rate=0.01,
        description="small AlexNet: twice [conv 5x5, max pool, local response norm], then 384, 192 (paper appendix A)",
        smallest=4,
        parameters=1_387_786,
        multiply_adds=25_113_472,
        activations=114_058,
        arguments=("width", "response_norm"),
    ),
    "inception": Model(
        module="rethinking.models.inception",
        function="inception",
        label="Inception",
        learning_rate=0.1,
        description="small Inception with batch norm (paper figure 3)",
        smallest=4,
        one_pixel_to=4,
        parameters=1_649_402,
        multiply_adds=204_219_680,
        activations=1_114_074,
    ),
    "inception_without_bn": Model(
        module="rethinking.models.inception",
        function="inception_without_bn",
        label="Inception w/o BN",
        learning_rate=0.1,
        description="small Inception, batch norm removed, convolutions with bias (paper section 3)",
        smallest=4,
        parameters=1_649_402,
        multiply_adds=204_219_680,
        activations=750_298,
    ),
    "animalnet": Model(
        module="rethinking.models.mlp",
        function="animalnet",
        label="AnimalNet",
        learning_rate=0.01,
        description="perceptron 128, 32, ReLU, log-softmax (Neuromatch tutorial)",
        input_shape=(3, 32, 32),
        num_classes=3,
        parameters=397_571,
        multiply_adds=397_408,
        activations=3_395,
    ),
    "big_animalnet": Model(
        module="rethinking.models.mlp",
        function="big_animalnet",
        label="BigAnimalNet",
        learning_rate=0.01,
        description="perceptron 124, 64, leaky ReLU, log-softmax (Neuromatch tutorial)",
        input_shape=(3, 32, 32),
        num_classes=3,
        parameters=389_247,
        multiply_adds=389_056,
        activations=3_451,
    ),
    "toy_regression": Model(
        module="rethinking.models.mlp",
        function="toy_regression",
        label="toy regression net",
        learning_rate=0.01,
        description="perceptron 300, 500, leaky ReLU, from a number to a number (Neuromatch tutorial)",
        input_shape=(1,),
        num_classes=None,
        parameters=151_601,
        multiply_adds=150_800,
        activations=1_602,
    ),
    "simple_conv_net": Model(
        module="rethinking.models.simple_conv_net",
        function="simple_conv_net",
        label="simple conv net",
        learning_rate=0.01,
        description="three convolutions with batch norm, a bottleneck of 8, then 128 (Deep-learning-generalization)",
        smallest=8,
        parameters=17_426,
        multiply_adds=934_784,
        activations=35_978,
    ),
    "alexnet_small": Model(
        module="rethinking.models.alexnet",
        function="alexnet_small",
        label="AlexNetSmall",
        learning_rate=0.01,
        description="alexnet with less padding, 192 filters in its second convolution (Deep-learning-generalization)",
        smallest=13,
        parameters=1_568_138,
        multiply_adds=35_220_096,
        activations=153_738,
    ),
    "inception_affine_bn": Model(
        module="rethinking.models.inception",
        function="inception_affine_bn",
        label="Inception affine BN",
        learning_rate=0.1,
        description="as inception, the normalisation with a scale (Deep-learning-generalization)",
        smallest=4,
        one_pixel_to=4,
        parameters=1_651_114,
        multiply_adds=204_219_680,
        activations=1_114_074,
    ),
    "inception_without_bn_or_bias": Model(
        module="rethinking.models.inception",
        function="inception_without_bn_or_bias",
        label="Inception w/o BN and bias",
        learning_rate=0.1,
        description="as inception without normalisation and biases (Deep-learning-generalization)",
        smallest=4,
        parameters=1_647_690,
        multiply_adds=204_219_680,
        activations=750_298,
    ),
    "mini_googlenet": Model(
        module="rethinking.models.inception",
        function="mini_googlenet",
        label="mini_GoogLeNet",
        learning_rate=0.1,
        description="inception as a notebook has it: less padding, 3x3 kernels in both branches",
        smallest=25,
        parameters=2_934_874,
        multiply_adds=254_628_768,
        activations=864_586,
        arguments=("width", "dropout"),
    ),
    "mini_googlenet_1x1": Model(
        module="rethinking.models.inception",
        function="mini_googlenet_1x1",
        label="mini_GoogLeNet 1×1",
        learning_rate=0.1,
        description="mini_googlenet with figure 3's 1x1 branches",
        smallest=25,
        parameters=1_652_826,
        multiply_adds=144_733_088,
        activations=864_586,
        arguments=("width", "dropout"),
    ),
    "lenet": Model(
        module="rethinking.models.lenet",
        function="lenet",
        label="LeNet",
        learning_rate=0.01,
        description="conv 5x5 6, 16, then 120, 84, with ReLU and max pools (PyTorch's CIFAR-10 tutorial)",
        input_shape=(3, 32, 32),
        smallest=16,
        parameters=62_006,
        multiply_adds=651_720,
        activations=15_002,
    ),
    "resnet18": Model(
        module="rethinking.models.resnet",
        function="resnet18",
        label="ResNet-18",
        learning_rate=0.01,
        description="residual network of 18 layers for small images; options stem and shortcut make it ResNet-D",
        input_shape=(3, 32, 32),
        smallest=8,
        one_pixel_to=8,
        one_pixel_to_with_stem=32,
        parameters=11_173_962,
        multiply_adds=555_422_720,
        activations=1_975_306,
        arguments=("width", "stem", "shortcut"),
    ),
    "resnet34": Model(
        module="rethinking.models.resnet",
        function="resnet34",
        label="ResNet-34",
        learning_rate=0.01,
        description="as resnet18 with 34 layers",
        input_shape=(3, 32, 32),
        smallest=8,
        one_pixel_to=8,
        one_pixel_to_with_stem=32,
        parameters=21_282_122,
        multiply_adds=1_159_402_496,
        activations=3_408_906,
        arguments=("width", "stem", "shortcut"),
    ),
    "alexnet_224": Model(
        module="rethinking.models.alexnet",
        function="alexnet_224",
        label="AlexNet at 224",
        learning_rate=0.01,
        description="AlexNet with two hidden layers of 4096 (lecture on modern CNNs)",
        input_shape=(3, 224, 224),
        smallest=65,
        parameters=46_787_978,
        multiply_adds=1_005_890_688,
        activations=1_340_042,
        arguments=("width", "dropout"),
    ),
    "vgg_224": Model(
        module="rethinking.models.vgg",
        function="vgg_224",
        label="VGG-11",
        learning_rate=0.01,
        description="VGG of eleven layers (lecture on modern CNNs)",
        input_shape=(3, 224, 224),
        smallest=32,
        parameters=128_807_306,
        multiply_adds=7_605_035_008,
        activations=16_432_138,
        arguments=("width", "dropout"),
    ),
    "vgg_small_224": Model(
        module="rethinking.models.vgg",
        function="vgg_small_224",
        label="VGG-11 ×¼ filters",
        learning_rate=0.01,
        description="VGG of eleven layers with a quarter of the filters (lecture on modern CNNs)",
        input_shape=(3, 224, 224),
        smallest=32,
        parameters=43_093_610,
        multiply_adds=526_606_336,
        activations=4_126_474,
        arguments=("width", "dropout"),
    ),
    "nin_224": Model(
        module="rethinking.models.nin",
        function="nin_224",
        label="NiN",
        learning_rate=0.01,
        description="Network in Network, of any number of channels (lecture on modern CNNs)",
        input_shape=(3, 224, 224),
        smallest=67,
        parameters=2_015_398,
        multiply_adds=830_041_864,
        activations=3_171_958,
        arguments=("width", "dropout"),
    ),
    "googlenet_96": Model(
        module="rethinking.models.googlenet",
        function="googlenet_96",
        label="GoogLeNet",
        learning_rate=0.01,
        description="GoogLeNet without batch norm (lecture on modern CNNs)",
        input_shape=(3, 96, 96),
        smallest=32,
        parameters=5_983_802,
        multiply_adds=290_516_992,
        activations=1_447_530,
    ),
    "resnet18_224": Model(
        module="rethinking.models.resnet",
        function="resnet18_224",
        label="ResNet-18 at 224",
        learning_rate=0.01,
        description="residual network of 18 layers, convolutions with bias (lecture on modern CNNs)",
        input_shape=(3, 224, 224),
        smallest=32,
        one_pixel_to=32,
        parameters=11_184_650,
        multiply_adds=1_813_566_464,
        activations=7_878_666,
    ),
    "densenet_224": Model(
        module="rethinking.models.densenet",
        function="densenet_224",
        label="DenseNet",
        learning_rate=0.01,
        description="four dense blocks of four layers, growth 32 (lecture on modern CNNs)",
        input_shape=(3, 224, 224),
        smallest=32,
        one_pixel_to=60,
        parameters=764_498,
        multiply_adds=781_418_416,
        activations=9_361_858,
    ),
    "cnn5_k64": Model(
        module="rethinking.models.five_layer_cnn",
        function="cnn5_k64",
        label="CNN5-64",
        learning_rate=0.1,
        description="convolutions of k, 2k, 4k, 8k filters and the classifier, k = 64 (Nakkiran et al. 2020)",
        input_shape=(3, 32, 32),
        smallest=32,
        parameters=1_557_066,
        multiply_adds=228_267_008,
        activations=934_922,
    ),
}


def sizes() -> list[dict[str, Any]]:
    """What is known of the networks before any training, one mapping a network."""
    facts = ("family", "label", "input", "parameters", "multiply_adds")
    return [{"model": name, **{fact: getattr(entry, fact) for fact in facts}} for name, entry in MODELS.items()]
