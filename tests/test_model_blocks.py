"""The blocks of the networks: their shapes, and that they are torchvision's where they should be."""

import itertools
from functools import partial
from typing import Any

import pytest
import torch
import torchvision
from networks import CLASSIFIERS, batch, build, image_of, labels
from torch import nn
from torch.nn import functional

from rethinking.engine.initialisation import SCHEMES, initialise
from rethinking.models.alexnet import LocalResponseNorm
from rethinking.models.densenet import DenseBlock, transition
from rethinking.models.googlenet import inception
from rethinking.models.registry import MODELS
from rethinking.models.resnet import SHORTCUTS, BasicBlock, average_pool_shortcut, plain_shortcut
from rethinking.models.vgg import vgg_features

plain = partial(BasicBlock, shortcut=plain_shortcut, bias=True)


def copied(source: nn.Module, target: nn.Module) -> Any:
    """`target` with the weights of `source`, layer by layer in the order in which both are built."""
    weights, state = list(source.state_dict().values()), target.state_dict()
    assert [tensor.shape for tensor in weights] == [tensor.shape for tensor in state.values()]
    target.load_state_dict(dict(zip(state, weights, strict=True)))
    return target


# Shapes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "shape", "expected"),
    [
        (plain(3, 3, 1), (4, 3, 6, 6), (4, 3, 6, 6)),
        (plain(3, 6, 2), (4, 3, 6, 6), (4, 6, 3, 3)),
        (DenseBlock(2, 3, 10), (4, 3, 8, 8), (4, 23, 8, 8)),
        (transition(23, 10), (4, 23, 8, 8), (4, 10, 4, 4)),
        (inception(192, 64, (96, 128), (16, 32), 32), (2, 192, 12, 12), (2, 256, 12, 12)),
        (average_pool_shortcut(3, 6, 2), (4, 3, 7, 6), (4, 6, 4, 3)),
    ],
    ids=["residual", "residual, stride 2", "dense", "transition", "inception", "average pool, odd size"],
)
def test_block_has_the_stated_shape(block, shape, expected):
    assert block(batch(*shape)).shape == expected


def test_mini_googlenet_shrinks_without_padding_and_averages_zeros_in():
    model, x = build("mini_googlenet", (3, 28, 28), width=1 / 8).eval(), batch(2, 3, 28, 28)
    sides = [x.shape[2]]
    for layer in model.features[:-2]:
        x = layer(x)
        sides.append(x.shape[2])
    assert [side for side, _ in itertools.groupby(sides)] == [28, 26, 12, 5]
    torch.testing.assert_close(model.features[-2:](x), x.mean(dim=(2, 3)) * 25 / 49)


@pytest.mark.parametrize(("name", "kernel"), [("mini_googlenet", 3), ("mini_googlenet_1x1", 1)])
def test_mini_googlenet_has_the_kernels_that_its_name_says(name, kernel):
    blocks = [block for block in build(name).features if hasattr(block, "convolution_1x1")]
    assert {block.convolution_1x1[0].kernel_size for block in blocks} == {(kernel, kernel)}
    assert len(blocks) == 8


def test_dense_block_keeps_what_it_was_given():
    block, x = DenseBlock(3, 4, 5), batch(2, 4, 6, 6)
    assert torch.equal(block(x)[:, :4], x)


def test_nin_gives_logits_of_both_signs():
    """A ReLU after the last block would leave none below zero."""
    model = build("nin_224", width=1 / 4)
    initialise(model, "kaiming", torch.Generator().manual_seed(0))
    logits = model(batch(8, *image_of("nin_224")))
    assert logits.min() < 0 < logits.max()


# Options ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet18", "resnet34"])
@pytest.mark.parametrize("stem", [False, True])
@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_resnet_trains_with_each_of_its_options(name, stem, shortcut):
    model = build(name, (3, 32, 32), width=1 / 8, stem=stem, shortcut=shortcut)
    functional.cross_entropy(model(batch(4, 3, 32, 32)), labels(4)).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in model.modules()) == stem
    assert sum(isinstance(layer, nn.AvgPool2d) for layer in model.modules()) == 3 * (shortcut == "average_pool")


def test_average_pool_shortcut_sees_every_pixel_and_the_strided_one_a_quarter():
    for kind, share in (("average_pool", 1.0), ("convolution", 0.25)):
        x = batch(2, 3, 8, 8).requires_grad_()
        SHORTCUTS[kind](3, 6, 2).eval()(x).sum().backward()
        assert float((x.grad != 0).float().mean()) == share


@pytest.mark.parametrize("name", [name for name in CLASSIFIERS if "dropout" in MODELS[name].arguments])
def test_own_dropout_has_its_probability_and_acts_in_training_only(name):
    model, x = build(name, dropout=0.3, width=1 / 8), batch(4, *image_of(name))
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Dropout)]
    assert layers
    assert {layer.p for layer in layers} == {0.3}
    assert torch.equal(model.eval()(x), model(x))
    assert not torch.equal(model.train()(x), model(x))


@pytest.mark.parametrize(("name", "probability"), [("mini_googlenet", 0), ("alexnet_224", 0.5), ("vgg_224", 0.5)])
def test_dropout_is_the_sources_unless_asked_for(name, probability):
    model = MODELS[name].build(image_of(name), width=1 / 8)
    assert {layer.p for layer in model.modules() if isinstance(layer, nn.Dropout)} == {probability}


# Beside torchvision's -----------------------------------------------------------------------------------------------


def test_resnets_are_torchvisions_with_a_small_first_convolution_and_no_pool():
    for name, blocks in (("resnet18", [2, 2, 2, 2]), ("resnet34", [3, 4, 6, 3])):
        reference = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, blocks, num_classes=7)
        reference.conv1, reference.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
        ours, x = copied(reference, build(name, width=1.0)), batch(2, 3, 16, 16)
        torch.testing.assert_close(ours(x), reference(x))


@pytest.mark.parametrize(("filters", "stride"), [(4, 1), (8, 2)])
def test_lectures_residual_block_is_torchvisions_with_biases(filters, stride):
    shortcut = None if (filters, stride) == (4, 1) else nn.Conv2d(4, filters, 1, stride)
    reference = torchvision.models.resnet.BasicBlock(4, filters, stride, shortcut)
    reference.conv1 = nn.Conv2d(4, filters, 3, stride, padding=1)
    reference.conv2 = nn.Conv2d(filters, filters, 3, padding=1)
    ours, x = copied(reference, plain(4, filters, stride)), batch(3, 4, 9, 9)
    torch.testing.assert_close(ours(x), reference(x))


def test_vgg_is_torchvisions_of_eleven_layers():
    with torch.device("meta"):  # 128 million numbers that no one asks for
        reference = torchvision.models.vgg11(num_classes=10, init_weights=False)
        ours = MODELS["vgg_224"].build()
    kinds = [type(layer) for layer in (*ours.features[:-1], *ours.hidden, ours.classifier)]
    assert kinds == [type(layer) for layer in (*reference.features, *reference.classifier)]
    assert [tensor.shape for tensor in ours.parameters()] == [tensor.shape for tensor in reference.parameters()]
    features, x = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["A"]), batch(1, 3, 64, 64)
    torch.testing.assert_close(copied(features, vgg_features(3, 1.0))(x), features(x).flatten(1))


# Perceptrons --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["animalnet", "big_animalnet"])
def test_cross_entropy_of_log_probabilities_is_their_negative_log_likelihood(name):
    found, y = build(name, num_classes=3)(batch(5, 3, 16, 16)), labels(5, 3)
    torch.testing.assert_close(found.exp().sum(dim=1), torch.ones(5))
    torch.testing.assert_close(functional.cross_entropy(found, y), functional.nll_loss(found, y))


@pytest.mark.parametrize(
    ("name", "norm"), [("animalnet", 7.3810), ("big_animalnet", 7.9912), ("toy_regression", 19.5458)]
)
def test_perceptrons_of_the_tutorial_begin_with_its_norms(name, norm):
    """Built after torch.manual_seed(2021), as there."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2021)
        model = MODELS[name].build()
    total = sum(float(parameter.detach().double().square().sum()) for parameter in model.parameters()) ** 0.5
    assert total == pytest.approx(norm, abs=5e-5)


def test_toy_regression_learns_a_line_from_numbers():
    model, x = build("toy_regression", (1,), width=1 / 4), batch(10, 1)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(100):
        loss = functional.mse_loss(model(x), 2 * x)
        optimiser.zero_grad()
        loss.backward()
        assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert model(x).shape == (10, 1)
    assert losses[-1] < losses[0] / 100


# All together -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_no_initial_weight_comes_from_torchs_global_generator(name):
    scheme = sorted(SCHEMES)[CLASSIFIERS.index(name) % len(SCHEMES)]
    found = []
    for seed in (0, 1):
        model = build(name, seed=seed, width=1 / 8)
        initialise(model, scheme, torch.Generator().manual_seed(5))
        found.append(model.state_dict())
    for key, tensor in found[0].items():
        assert torch.equal(tensor, found[1][key]), key


@pytest.mark.parametrize("name", ["alexnet_224", "vgg_small_224", "nin_224"])
def test_channels_come_from_the_images(name):
    side = MODELS[name].smallest
    assert build(name, (1, side, side), width=1 / 8)(batch(2, 1, side, side)).shape == (2, 7)


def test_local_response_norm_over_five_channels_agrees_with_torchs():
    x = 30 * batch(2, 12, 5, 5)
    torch.testing.assert_close(LocalResponseNorm(12, size=5, alpha=1e-4)(x), nn.LocalResponseNorm(5)(x))
