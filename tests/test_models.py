"""The networks: every registered one keeps the registry's promises, and each family is the paper's."""

import inspect
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import CLASSIFIERS, batch, build, image_of, labels, num_trainable
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

import rethinking
from rethinking.analysis.layers import layers
from rethinking.models.alexnet import RESPONSE_NORMS, LocalResponseNorm
from rethinking.models.inception import PAPER_WITHOUT_BN, Downsample, Inception, ShiftBatchNorm
from rethinking.models.registry import MODELS
from rethinking.models.resnet import SHORTCUTS
from rethinking.models.sizes import scaled
from rethinking.schema import SCHEMAS

every_entry = pytest.mark.parametrize("name", sorted(MODELS))
every_model = pytest.mark.parametrize("name", CLASSIFIERS)
FORMATS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}
every_format = pytest.mark.parametrize("memory_format", FORMATS.values(), ids=FORMATS)


# The registry -------------------------------------------------------------------------------------------------------


@every_entry
def test_registry_entry_leads_to_a_function_that_describes_itself(name):
    entry = MODELS[name]
    factory = entry.load()
    assert factory.__name__ == entry.function
    assert factory.__module__ == entry.module
    assert factory.__doc__
    assert entry.description
    assert entry.label


@every_entry
def test_factory_takes_exactly_the_registered_arguments(name):
    entry = MODELS[name]
    parameters = inspect.signature(entry.load()).parameters
    classes = set() if entry.num_classes is None else {"num_classes"}
    assert set(parameters) == {"input_shape", *classes, *entry.arguments}
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters.values())


def test_labels_tell_the_models_apart():
    assert len({entry.label for entry in MODELS.values()}) == len(MODELS)


def test_registries_import_neither_torch_nor_the_modules_that_they_name():
    script = """
import sys
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.models.registry import MODELS
from rethinking.plotting.registry import FIGURES
named = {entry.module for table in (CORRUPTIONS, MODELS, FIGURES) for entry in table.values()}
print(sorted(({"torch"} | named) & set(sys.modules)))
"""
    package_root = Path(rethinking.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", script], cwd=package_root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Every model --------------------------------------------------------------------------------------------------------


# What is published or was counted, or follows from the layers: network, image, classes, arguments, parameters.
PUBLISHED = [
    ("mlp_1x512", (3, 28, 28), 10, {}, 1_209_866),
    ("mlp_3x512", (3, 28, 28), 10, {}, 1_735_178),
    ("alexnet", (3, 28, 28), 10, {}, 1_387_786),
    ("inception", (3, 28, 28), 10, {}, 1_649_402),
    ("inception_without_bn", (3, 28, 28), 10, {}, 1_649_402),
    ("mini_googlenet", (3, 28, 28), 10, {}, 2_934_874),
    ("mini_googlenet_1x1", (3, 28, 28), 10, {}, 1_652_826),
    ("simple_conv_net", (3, 28, 28), 10, {}, 17_426),
    ("alexnet_small", (3, 28, 28), 10, {}, 1_568_138),
    ("inception_affine_bn", (3, 28, 28), 10, {}, 1_651_114),
    ("inception_without_bn_or_bias", (3, 28, 28), 10, {}, 1_647_690),
    ("cnn5_k64", (3, 32, 32), 10, {}, 1_557_066),
    ("cnn5_k64", (3, 32, 32), 10, {"width": 1 / 64}, 27 + 18 + 72 + 288 + 2 * 15 + 90),
    ("lenet", (3, 32, 32), 10, {}, 62_006),
    ("lenet", (3, 28, 28), 10, {}, 44_726),
    ("resnet18", (3, 32, 32), 10, {}, 11_173_962),
    ("resnet34", (3, 32, 32), 10, {}, 21_282_122),
    # The stem has 28,896 and stands in place of a convolution and a normalisation.
    ("resnet18", (3, 32, 32), 10, {"stem": True}, 11_173_962 + 28_896 - (3 * 64 * 9 + 128)),
    ("resnet34", (3, 32, 32), 10, {"stem": True}, 21_282_122 + 28_896 - (3 * 64 * 9 + 128)),
    ("resnet18", (3, 32, 32), 10, {"shortcut": "average_pool"}, 11_173_962),
    ("animalnet", (3, 32, 32), 3, {}, 397_571),
    ("big_animalnet", (3, 32, 32), 3, {}, 389_247),
    ("toy_regression", (1,), None, {}, 151_601),
    ("alexnet_224", (3, 224, 224), 10, {}, 46_787_978),
    ("vgg_224", (3, 224, 224), 10, {}, 128_807_306),
    ("vgg_small_224", (3, 224, 224), 10, {}, 43_093_610),
    ("nin_224", (3, 224, 224), 10, {}, 2_015_398),
    ("nin_224", (1, 224, 224), 10, {}, 1_992_166),
    ("googlenet_96", (3, 96, 96), 10, {}, 5_983_802),
    ("resnet18_224", (3, 224, 224), 10, {}, 11_184_650),
    ("densenet_224", (3, 224, 224), 10, {}, 764_498),
]


@pytest.mark.parametrize(("name", "image", "num_classes", "arguments", "count"), PUBLISHED)
def test_has_exactly_the_published_number_of_parameters(name, image, num_classes, arguments, count):
    with torch.device("meta"):
        model = MODELS[name].build(image, num_classes, **arguments)
    assert num_trainable(model) == count
    assert all(parameter.requires_grad for parameter in model.parameters())


@every_entry
def test_the_registered_sizes_are_those_of_the_network(name):
    entry = MODELS[name]
    published = [(image, num_classes, count) for other, image, num_classes, _, count in PUBLISHED if other == name]
    assert not published or (entry.input_shape, entry.num_classes, entry.parameters) in published
    each = layers(entry.build, entry.input_shape)
    found = {
        "parameters": sum(layer.parameters for layer in each),
        "multiply_adds": sum(layer.multiply_adds for layer in each),
        "activations": sum(math.prod(layer.shape) for layer in each if not layer.is_block),
    }
    said = {size: getattr(entry, size) for size in found}
    assert said == found, f"models/registry.py says {said} of {name}, it has {found}"


@every_entry
def test_multiply_adds_are_half_of_what_torch_counts(name, monkeypatch):
    # Ours is written as a convolution, which is not one of the network's.
    monkeypatch.setattr("rethinking.models.alexnet.LocalResponseNorm", lambda channels, **_: nn.LocalResponseNorm(5))
    entry = MODELS[name]
    with torch.device("meta"):
        model, x = entry.build(), torch.empty(1, *entry.input_shape)
    with FlopCounterMode(display=False) as counter:
        model(x)
    assert counter.get_total_flops() == 2 * entry.multiply_adds


@every_model
@pytest.mark.parametrize("shape", [(3, 0, 0), (1, 0, 27), (2, 5, 9)], ids=str)
@pytest.mark.parametrize("num_classes", [2, 100])
def test_gives_one_logit_a_class_at_any_size(name, shape, num_classes):
    """Sizes are from the smallest on."""
    channels, *more = shape
    image = (channels, *(MODELS[name].smallest + each for each in more))
    logits = build(name, image, num_classes=num_classes, width=1 / 8)(batch(3, *image))
    assert logits.shape == (3, num_classes)
    assert logits.isfinite().all()


@every_model
@settings(max_examples=6, deadline=None)
@given(height=st.integers(0, 36), width=st.integers(0, 36), channels=st.integers(1, 4))
def test_gives_logits_for_every_image_from_the_smallest_up(name, height, width, channels):
    image = (channels, MODELS[name].smallest + height, MODELS[name].smallest + width)
    assert build(name, image, width=0.05).eval()(batch(2, *image)).shape == (2, 7)


@every_model
def test_takes_the_smallest_registered_image(name):
    smallest = MODELS[name].smallest
    model = build(name, (3, smallest, smallest))
    functional.cross_entropy(model(batch(4, 3, smallest, smallest)), labels(4)).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


UNPADDED = ["alexnet_224", "alexnet_small", "lenet", "mini_googlenet", "mini_googlenet_1x1", "nin_224"]


@pytest.mark.parametrize("name", UNPADDED)
def test_the_smallest_image_of_a_network_that_cuts_edges_off_leaves_something_of_it(name, monkeypatch):
    monkeypatch.setattr(f"{MODELS[name].module}.require_image", lambda model, input_shape: None)
    side = MODELS[name].smallest - 1
    with torch.device("meta"), pytest.raises(RuntimeError, match=r"too small|can't be greater"):
        build(name, (3, side, side))(torch.empty(1, 3, side, side))


@every_model
@pytest.mark.parametrize("side", [0, 1], ids=["height", "width"])
def test_refuses_a_smaller_image_and_names_the_smallest(name, side):
    smallest = MODELS[name].smallest
    size = [smallest + 5, smallest + 5]
    size[side] = smallest - 1
    with pytest.raises(ValueError, match=rf"{name} takes .* at least {smallest}x{smallest} .*not {size[0]}x{size[1]}"):
        build(name, (3, *size))


@every_model
def test_every_trainable_parameter_gets_a_gradient(name):
    model = build(name, width=1 / 2)  # narrower, all filters of a branch may rest behind their ReLUs
    loss = functional.cross_entropy(model(batch(16, *image_of(name))), labels(16))
    loss.backward()
    assert loss.isfinite()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().max() > 0, key


@every_model
def test_one_gradient_step_lowers_the_loss(name):
    model, x, y = build(name), batch(16, *image_of(name)), labels(16)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    before = functional.cross_entropy(model(x), y)
    before.backward()
    optimiser.step()
    assert functional.cross_entropy(model(x), y) < before


@every_model
def test_channels_last_gives_the_same_logits(name):
    model, x = build(name).eval(), batch(8, *image_of(name))
    expected = model(x)
    found = model.to(memory_format=torch.channels_last)(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@every_model
def test_autocast_to_bfloat16_gives_nearly_the_same_logits_and_trains(name):
    model, x = build(name), batch(16, *image_of(name))
    expected = model(x)
    with torch.autocast("cpu", torch.bfloat16):
        found = model(x)
    functional.cross_entropy(found.float(), labels(16)).backward()
    assert (found - expected).abs().max() < 0.1 * expected.abs().max()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())


@every_model
def test_images_stored_in_bfloat16_give_the_logits_of_autocast_bit_for_bit(name):
    model, x = build(name), batch(4, *image_of(name))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(model(x), model(x.bfloat16()))


@every_model
def test_saved_and_reloaded_model_gives_identical_logits(name):
    model, x = build(name), batch(8, *image_of(name))
    model(x)  # in training mode, so that running averages are more than their initial values
    saved = safetensors.torch.save(model.state_dict())
    reloaded = build(name, seed=1)
    reloaded.load_state_dict(safetensors.torch.load(saved))
    assert torch.equal(reloaded.eval()(x), model.eval()(x))


@pytest.mark.parametrize("name", [name for name in CLASSIFIERS if "width" in MODELS[name].arguments])
def test_width_changes_the_number_of_parameters_but_never_the_classes(name):
    counts = [num_trainable(build(name, width=width)) for width in (0.25, 0.5, 1.0, 1.5)]
    assert counts == sorted(set(counts))
    narrowest = build(name, width=1e-9)
    assert narrowest(batch(2, *image_of(name))).shape == (2, 7)
    assert num_trainable(narrowest) < counts[0]


@given(num_units=st.integers(1, 4096), width=st.floats(0.001, 8))
def test_scaled_number_of_units_is_the_nearest_positive_one(num_units, width):
    assert scaled(num_units, 1.0) == num_units
    assert scaled(num_units, width) >= 1
    assert abs(scaled(num_units, width) - max(1, num_units * width)) <= 0.5


@pytest.fixture
def deterministic_algorithms() -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(before)


@every_model
@every_format
@pytest.mark.usefixtures("deterministic_algorithms")
def test_the_same_step_twice_gives_the_same_gradients_and_draws_nothing(name, memory_format):
    x = batch(8, *image_of(name)).contiguous(memory_format=memory_format)

    def gradients() -> list[Any]:
        model = build(name).to(memory_format=memory_format)
        functional.cross_entropy(model(x), labels(8)).backward()
        return [parameter.grad for parameter in model.parameters()]

    generator = torch.get_rng_state()
    assert all(torch.equal(first, second) for first, second in zip(gradients(), gradients(), strict=True))
    assert torch.equal(torch.get_rng_state(), generator)


# Multi-layer perceptrons --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "sizes"), [("mlp_1x512", [2352, 512, 10]), ("mlp_3x512", [2352, 512, 512, 512, 10])])
def test_perceptron_is_linear_layers_with_relu_between(name, sizes):
    model, x = build(name, (3, 28, 28), num_classes=10, width=1.0), batch(5, 3, 28, 28)
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    assert [linear[0].in_features, *(layer.out_features for layer in linear)] == sizes
    expected = x.reshape(5, -1)
    for layer in linear[:-1]:
        expected = (expected @ layer.weight.T + layer.bias).clamp(min=0)
    expected = expected @ linear[-1].weight.T + linear[-1].bias
    torch.testing.assert_close(model(x), expected)


# AlexNet ------------------------------------------------------------------------------------------------------------


def test_alexnet_layers_are_those_of_the_paper():
    model = build("alexnet", (3, 28, 28), num_classes=10, width=1.0)
    names = [type(module).__name__ for module in model.features]
    assert names == ["Conv2d", "MaxPool2d", "ReLU", "LocalResponseNorm"] * 2 + ["Flatten"]
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items() if key.endswith("weight")}
    convolutions, linear = [(64, 3, 5, 5), (64, 64, 5, 5)], [(384, 64 * 7 * 7), (192, 384), (10, 192)]
    assert list(shapes.values()) == convolutions + linear


def test_rectifying_after_the_pool_gives_the_bits_of_rectifying_before_it():
    x = torch.randn(4, 8, 9, 12, generator=torch.Generator().manual_seed(0))
    x[0] = -x[0].abs()  # windows in which nothing is positive
    found = []
    for order in ((nn.ReLU(), nn.MaxPool2d(3, 2, 1)), (nn.MaxPool2d(3, 2, 1), nn.ReLU(inplace=True))):
        images = x.clone().requires_grad_()
        result = nn.Sequential(*order)(images)
        (result * torch.arange(result.numel()).view_as(result)).sum().backward()
        found.append((result, images.grad))
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


# torch divides alpha by the size, TensorFlow and Krizhevsky et al. do not.
TORCHS = {
    "tensorflow_tutorial": nn.LocalResponseNorm(9, alpha=0.001, beta=0.75, k=1.0),
    "tensorflow": nn.LocalResponseNorm(11, alpha=11.0, beta=0.5, k=1.0),
    "torch": nn.LocalResponseNorm(5),
    "krizhevsky": nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
}


@pytest.mark.parametrize("constants", RESPONSE_NORMS)
def test_alexnet_has_the_constants_that_are_named_in_both_of_its_normalisations(constants):
    x = torch.full((1, 64, 1, 1), 30.0)
    model = MODELS["alexnet"].build(response_norm=constants)
    norms = [module for module in model.modules() if isinstance(module, LocalResponseNorm)]
    assert len(norms) == 2
    for norm in norms:
        torch.testing.assert_close(norm(x), TORCHS[constants](x))


def test_the_schema_names_the_constants_and_shortcuts_that_there_are():
    path = SCHEMAS / "config.schema.yaml"
    options = yaml.safe_load(path.read_text(encoding="utf-8"))["$defs"]["model"]["properties"]
    assert set(options["response_norm"]["enum"]) == set(RESPONSE_NORMS) == set(TORCHS)
    assert set(options["shortcut"]["enum"]) == set(SHORTCUTS)


@pytest.mark.parametrize("shape", [(4, 64, 14, 14), (3, 64, 7, 7), (2, 16, 5, 8), (2, 6, 4, 4), (2, 1, 3, 3)], ids=str)
@pytest.mark.parametrize("scale", [1.0, 50.0, 1000.0])
@pytest.mark.parametrize("constants", TORCHS)
@every_format
def test_local_response_norm_agrees_with_torch(shape, scale, constants, memory_format):
    x = (scale * batch(*shape)).contiguous(memory_format=memory_format)
    upstream = batch(*shape, seed=1).contiguous(memory_format=memory_format)
    results = []
    fast, reference = LocalResponseNorm(shape[1], **RESPONSE_NORMS[constants]), TORCHS[constants]
    for norm in (fast.to(memory_format=memory_format), reference):
        leaf = x.clone().requires_grad_()
        y = norm(leaf)
        y.backward(upstream)
        results.append((y.detach(), leaf.grad))
    (found, found_gradient), (expected, expected_gradient) = results
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found_gradient, expected_gradient, rtol=1e-5, atol=1e-5)


def test_local_response_norm_has_its_gradient_in_bfloat16_and_no_second_one():
    x = batch(2, 16, 5, 5).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        found = LocalResponseNorm(16)(10 * x)
    expected = nn.LocalResponseNorm(9, alpha=0.001, beta=0.75, k=1.0)(10 * x)
    gradients = [torch.autograd.grad(y.float().square().sum(), x, create_graph=True)[0] for y in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=0.03, atol=0.3)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradients[0].sum().backward()


def test_local_response_norm_of_ones_is_what_the_formula_says():
    found = LocalResponseNorm(20)(torch.full((1, 20, 1, 1), 30.0)).flatten()
    neighbours = torch.tensor([5, 6, 7, 8, *[9] * 12, 8, 7, 6, 5])
    torch.testing.assert_close(found, 30.0 / (1 + 0.001 / 9 * neighbours * 900) ** 0.75)


def test_local_response_norm_holds_constants_only_and_keeps_the_memory_format():
    norm = LocalResponseNorm(64)
    assert not norm.state_dict()
    assert not list(norm.parameters())
    x = batch(2, 64, 6, 6).contiguous(memory_format=torch.channels_last)
    assert norm.to(memory_format=torch.channels_last)(x).is_contiguous(memory_format=torch.channels_last)


# Inception ----------------------------------------------------------------------------------------------------------

# Figure 3, read from the input on: (filters of 1x1, filters of 3x3, stride), then channels and size of the feature map.
FIGURE_3 = [
    ((None, 96, 1), (96, 28)),
    ((32, 32, 1), (64, 28)),
    ((32, 48, 1), (80, 28)),
    ((None, 80, 2), (160, 14)),
    ((112, 48, 1), (160, 14)),
    ((96, 64, 1), (160, 14)),
    ((80, 80, 1), (160, 14)),
    ((48, 96, 1), (144, 14)),
    ((None, 96, 2), (240, 7)),
    ((176, 160, 1), (336, 7)),
    ((176, 160, 1), (336, 7)),
]
both_inceptions = pytest.mark.parametrize("name", ["inception", "inception_without_bn"])


def convolutions(module: nn.Module) -> list[nn.Conv2d]:
    return [part for part in module.modules() if isinstance(part, nn.Conv2d)]


@both_inceptions
def test_inception_is_the_figures_sequence_of_blocks(name):
    model = build(name, (3, 28, 28), num_classes=10, width=1.0)
    found = []
    for block in model.features:
        filters = {conv.kernel_size: conv.out_channels for conv in convolutions(block)}
        found.append((filters.get((1, 1)), filters[3, 3], convolutions(block)[-1].stride[0]))
    assert found == [block for block, _ in FIGURE_3]
    assert model.classifier.weight.shape == (10, 336)


@both_inceptions
def test_inception_feature_maps_shrink_from_28_to_14_to_7(name):
    model, x = build(name, (3, 28, 28), width=1.0).eval(), batch(1, 3, 28, 28)
    found = []
    for block in model.features:
        x = block(x)
        assert x.shape[2] == x.shape[3]
        found.append((x.shape[1], x.shape[2]))
    assert found == [feature_map for _, feature_map in FIGURE_3]


@both_inceptions
def test_inception_parameters_add_up_layer_by_layer(name):
    weights, in_channels, num_shifts = 0, 3, 0
    for (filters_1x1, filters_3x3, _), (out_channels, _) in FIGURE_3:
        weights += in_channels * (9 * filters_3x3 + (filters_1x1 or 0))
        num_shifts += filters_3x3 + (filters_1x1 or 0)
        in_channels = out_channels
    assert num_shifts == 1712
    assert weights + num_shifts + 336 * 10 + 10 == MODELS[name].parameters


def test_inception_normalises_after_every_convolution_with_a_shift_and_no_scale():
    model = build("inception")
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    assert len(norms) == len(convolutions(model)) == 19
    assert all(conv.bias is None for conv in convolutions(model))
    for norm in norms:
        assert norm.eps == 1e-3
        assert norm.momentum == nn.BatchNorm2d(1).momentum
        assert [key for key, _ in norm.named_parameters()] == ["bias"]
        assert not norm.bias.any()


def test_inception_without_bn_has_biases_and_no_normalisation():
    model = build("inception_without_bn")
    assert not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())
    assert all(conv.bias is not None for conv in convolutions(model))


@every_format
def test_shift_batch_norm_is_batch_norm_whose_scale_stays_one(memory_format):
    norm, reference = ShiftBatchNorm(12), nn.BatchNorm2d(12, eps=1e-3)
    shift, x = batch(12, seed=2), (3 + 2 * batch(8, 12, 5, 5)).contiguous(memory_format=memory_format)
    norm.bias.data.copy_(shift)
    reference.bias.data.copy_(shift)
    for _ in range(3):
        torch.testing.assert_close(norm(x), reference(x))
    torch.testing.assert_close(norm.eval()(x), reference.eval()(x))


def test_inception_concatenates_its_branches():
    block, x = Inception(3, 4, 5, PAPER_WITHOUT_BN), batch(2, 3, 6, 6)
    expected = torch.cat([block.convolution_1x1(x), block.convolution_3x3(x)], dim=1)
    assert block(x).shape == (2, 9, 6, 6)
    assert torch.equal(block(x), expected)


@pytest.mark.parametrize(("size", "half"), [(28, 14), (14, 7), (7, 4), (2, 1), (1, 1)])
def test_downsample_halves_the_image_and_keeps_the_pooled_input(size, half):
    block, x = Downsample(3, 5, PAPER_WITHOUT_BN), batch(2, 3, size, size)
    assert block(x).shape == (2, 8, half, half)
    assert torch.equal(block(x)[:, 5:], functional.max_pool2d(x, 3, stride=2, padding=1))


def test_inception_classifies_the_mean_over_the_feature_map():
    model, x = build("inception", width=0.25).eval(), batch(3, 3, 20, 16)
    mean = model.features(x).flatten(2).mean(2)
    torch.testing.assert_close(model(x), model.classifier(mean))
