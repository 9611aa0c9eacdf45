"""Measures of complexity against slow references, and which of them see that layers were rescaled."""

import copy
import itertools
from collections.abc import Callable

import pytest
import torch
from networks import CLASSIFIERS, batch, build, image_of, labels
from torch import Tensor, nn
from torch.autograd.functional import hessian
from torch.func import functional_call
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from rethinking.analysis import curvature
from rethinking.analysis.complexity import margin, measures
from rethinking.analysis.curvature import hessian_eigenvalue
from rethinking.analysis.folding import folded
from rethinking.analysis.operator_norms import path_norm, spectral_norms
from rethinking.analysis.power_iteration import largest
from rethinking.engine import evaluation
from rethinking.models.alexnet import LocalResponseNorm
from rethinking.models.mlp import MultiLayerPerceptron

SMALL = [name for name in CLASSIFIERS if max(image_of(name)) <= 32]
IMAGE = (3, 8, 8)


def drawn() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def lived_in(model: nn.Module) -> nn.Module:
    """A network whose normalisation has seen data: averages, scales and shifts are no zeros and ones any more."""
    generator = drawn()
    for norm in (module for module in model.modules() if isinstance(module, _BatchNorm)):
        for name, least in {"running_mean": -0.5, "running_var": 0.5, "weight": 0.5, "bias": -0.5}.items():
            if (tensor := getattr(norm, name)) is not None:
                tensor.data.copy_(least + torch.rand(tensor.shape, generator=generator))
    return model.eval()


def perceptron(*hidden: int, inputs: int = 3 * 8 * 8) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MultiLayerPerceptron(inputs, hidden, 7)


# A network as layers with weights alone ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SMALL)
def test_a_folded_network_is_the_same_function_and_has_no_batch_normalisation(name):
    model, images = lived_in(build(name)), batch(3, *image_of(name))
    before = copy.deepcopy(model.state_dict())
    made = folded(model)
    torch.testing.assert_close(made(images.double()), copy.deepcopy(model).double()(images.double()))
    assert not [module for module in made.modules() if isinstance(module, _BatchNorm | LocalResponseNorm)]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.requires_grad and parameter.dtype == torch.float64 for parameter in made.parameters())


def test_batch_normalisation_that_follows_no_convolution_becomes_a_layer_of_its_own():
    model = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4, affine=False))
    images = batch(5, *IMAGE)
    torch.testing.assert_close(folded(lived_in(model))(images.double()).float(), model(images))


def test_batch_normalisation_without_averages_is_refused():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False))
    with pytest.raises(ValueError, match="without running averages"):
        folded(model)
    with pytest.raises(ValueError, match="without running averages"):
        folded(model[1:])


# Power iteration and what it finds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("spectrum", [[5.0, 3, 1], [2.0, -1, -7], [-1.0, -2, -7], [0.0, 0, 0]])
def test_the_largest_eigenvalue_is_found_sign_and_all(spectrum):
    basis, _ = torch.linalg.qr(batch(3, 3).double())
    matrix = basis @ torch.diag(torch.tensor(spectrum, dtype=torch.float64)) @ basis.T
    found = largest(lambda vector: matrix @ vector, batch(3).double(), 1e-10, 2000)
    assert found == pytest.approx(max(spectrum), abs=1e-6)


@pytest.mark.parametrize("start", [(4.0, 3.0), (3.0, 1.0), (2.0, 1.0)])
@pytest.mark.parametrize("spectrum", [[1.0, -1.0], [1.0, -0.999]])
def test_a_quotient_that_rests_between_two_eigenvalues_is_none_of_them(spectrum, start):
    matrix, start = torch.diag(torch.tensor(spectrum, dtype=torch.float64)), torch.tensor(start).double()
    with pytest.raises(ValueError, match="20 products"):
        largest(lambda vector: matrix @ vector, start, 1e-3, 20)
    if sum(spectrum):
        assert largest(lambda vector: matrix @ vector, start, 1e-5, 100_000) == pytest.approx(1, abs=1e-2)


def test_what_does_not_come_to_rest_is_no_number():
    matrix = torch.diag(torch.tensor([1.0, 1 - 1e-3], dtype=torch.float64))
    with pytest.raises(ValueError, match="5 products"):
        largest(lambda vector: matrix @ vector, torch.ones(2, dtype=torch.float64), 1e-15, 5)


def matrix_of(layer: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """The matrix of a layer without its bias, column by column: the slow way."""
    size = torch.Size(shape).numel()
    zero = layer(torch.zeros(1, *shape, dtype=torch.float64))
    return (layer(torch.eye(size, dtype=torch.float64).view(size, *shape)) - zero).flatten(1).T.detach()


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 3])
def test_the_spectral_norm_of_a_convolution_is_that_of_its_operator(kernel, stride, groups):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(kernel)
        layer = nn.Conv2d(3, 6, kernel, stride, padding=kernel // 2, groups=groups, dtype=torch.float64)
    (found,) = spectral_norms(nn.Sequential(layer), IMAGE, drawn()).values()
    assert found == pytest.approx(float(torch.linalg.svdvals(matrix_of(layer, IMAGE))[0]), rel=1e-4)
    if kernel > 1:
        reshaped = float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2))
        assert found > 1.05 * reshaped, "the reshaped tensor's is another, smaller number"


def test_the_spectral_norms_of_all_layers_are_found_at_the_images_that_they_are_given():
    model = folded(lived_in(build("simple_conv_net", width=1.0, image=IMAGE)))
    found = spectral_norms(model, IMAGE, drawn())
    layers = [name for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert sorted(found) == sorted(layers)
    sizes = {"features.0": IMAGE, "features.4": (8, 4, 4), "features.8": (16, 2, 2), "classifier": (128,)}
    for name, size in sizes.items():
        expected = float(torch.linalg.svdvals(matrix_of(model.get_submodule(name), size))[0])
        assert found[name] == pytest.approx(expected, rel=1e-4), name


def test_the_path_norm_is_the_root_of_all_paths_squared_products():
    model = folded(perceptron(4, 3, inputs=5))
    first, second, last = (layer for layer in model.modules() if isinstance(layer, nn.Linear))
    for layer in (first, second, last):
        layer.requires_grad_(False)
    total = 0.0
    for unit, other, output in itertools.product(range(4), range(3), range(7)):
        on = float(second.weight[other, unit] * last.weight[output, other]) ** 2
        total += sum(float(first.weight[unit, place]) ** 2 * on for place in range(5))
        total += float(first.bias[unit]) ** 2 * on
    for other, output in itertools.product(range(3), range(7)):
        total += float(second.bias[other] * last.weight[output, other]) ** 2
    total += float(last.bias.square().sum())
    assert path_norm(model, (5,)) == pytest.approx(total**0.5)


def test_the_path_norm_of_convolutions_is_that_of_their_matrices():
    model = folded(lived_in(build("inception_without_bn_or_bias", width=1 / 16)))
    blocks, shape = model.features, image_of("inception")
    ones = torch.ones(1, *shape, dtype=torch.float64)
    first = matrix_of(blocks[0][0], shape).square() @ ones.flatten()
    kept = nn.Sequential()
    kept.add_module("classifier", nn.Sequential(blocks[0][0], nn.Flatten()))
    assert path_norm(kept, shape) == pytest.approx(float(first.sum()) ** 0.5)


@pytest.mark.parametrize("name", SMALL)
def test_every_network_has_a_path_norm_that_bounds_what_it_says(name):
    """By Cauchy and Schwarz over the paths that are open."""
    model = folded(lived_in(build(name)))
    norm = path_norm(model, image_of(name))
    assert 0 < norm < float("inf")
    assert norm == path_norm(model, image_of(name)), "the network stays as it was"


def loss_of(model: nn.Module, images: Tensor, given: Tensor) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """The loss as a function of all weights as one vector, and these."""
    shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
    flat = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])

    def loss(vector: Tensor) -> Tensor:
        parts = vector.split([shape.numel() for shape in shapes.values()])
        weights = {name: part.view(shape) for part, (name, shape) in zip(parts, shapes.items(), strict=True)}
        return functional.cross_entropy(functional_call(model, weights, (images,)), given)

    return loss, flat


@pytest.mark.parametrize("name", ["mlp", "convolutions with batch normalisation", "response normalisation"])
def test_the_largest_eigenvalue_of_the_hessian_is_that_of_the_whole_matrix(name, monkeypatch):
    model = perceptron(6) if name == "mlp" else build("simple_conv_net", image=IMAGE, width=0.25)
    if name.startswith("response"):
        model = build("alexnet", image=IMAGE, width=1 / 16)
    trained, images, given = folded(lived_in(model)), batch(20, *IMAGE), labels(20)
    loss, weights = loss_of(trained, images.double(), given)
    expected = float(torch.linalg.eigvalsh(hessian(loss, weights))[-1])
    monkeypatch.setattr(evaluation, "BATCH", 8)
    monkeypatch.setattr(curvature, "TOLERANCE", 1e-8)
    assert hessian_eigenvalue(trained, images, given, drawn()) == pytest.approx(expected, rel=1e-3)


def test_the_hessian_is_of_at_most_so_many_images_which_are_drawn(monkeypatch):
    trained, images, given = folded(perceptron(6)), batch(20, *IMAGE), labels(20)
    monkeypatch.setattr(curvature, "IMAGES", 5)
    chosen = torch.randperm(20, generator=drawn())[:5]
    found = hessian_eigenvalue(trained, images, given, drawn())
    monkeypatch.setattr(curvature, "IMAGES", 20)
    assert found == pytest.approx(hessian_eigenvalue(trained, images[chosen], given[chosen], drawn()), rel=1e-2)
    assert found != pytest.approx(hessian_eigenvalue(trained, images, given, drawn()), rel=1e-2)


def test_the_margin_is_what_all_but_a_twentieth_of_the_examples_exceed():
    model = nn.Sequential(nn.Flatten(), nn.Linear(2, 3, bias=False))
    nn.init.constant_(model[1].weight, 0.0)
    model[1].weight.data[0, 0] = 1.0
    images = torch.arange(1.0, 102).view(101, 1, 1, 1) * torch.tensor([1.0, 0]).view(1, 2, 1, 1)
    assert margin(model, images, torch.zeros(101, dtype=torch.long)) == 6, "1, 2, …, 101"
    assert margin(model, images, torch.ones(101, dtype=torch.long)) == -96


# Which of them see scales ---------------------------------------------------------------------------------------------

INVARIANT = {"spectral_product", "path_norm", "margin"}


def all_measures(model: nn.Module, initial: nn.Module) -> dict[str, float]:
    return measures(model, initial, batch(20, *IMAGE), labels(20), drawn())


def test_only_products_path_norm_and_margin_stay_where_one_layer_takes_what_the_next_gives_back():
    """ReLU lets a factor through: the network says what it said, and is as good on test images as it was."""
    initial, factor = perceptron(12, 9), 3.0
    model = copy.deepcopy(initial)
    for parameter in model.parameters():
        parameter.data.add_(0.1 * torch.randn(parameter.shape, generator=drawn()))
    rescaled = copy.deepcopy(model)
    first, second, _ = (layer for layer in rescaled.modules() if isinstance(layer, nn.Linear))
    first.weight.data.mul_(factor), first.bias.data.mul_(factor), second.weight.data.div_(factor)
    images = batch(20, *IMAGE)
    torch.testing.assert_close(rescaled(images), model(images))
    before, after = all_measures(model, initial), all_measures(rescaled, initial)
    same = {name for name in before if after[name] == pytest.approx(before[name], rel=1e-4)}
    assert same == INVARIANT
    for name in before.keys() - same:
        assert after[name] > 1.1 * before[name]


def test_a_larger_last_layer_raises_product_and_margin_alike():
    initial = perceptron(12)
    model = copy.deepcopy(initial)
    model.classifier.weight.data.mul_(4), model.classifier.bias.data.mul_(4)
    before, after = all_measures(initial, initial), all_measures(model, initial)
    for name in ("spectral_product", "path_norm", "margin"):
        assert after[name] == pytest.approx(4 * before[name], rel=1e-4)


def test_none_sees_the_scale_of_weights_that_are_normalised_after_it():
    initial = lived_in(build("simple_conv_net", image=IMAGE, width=0.5))
    model = lived_in(build("simple_conv_net", image=IMAGE, width=0.5, seed=1))
    rescaled = copy.deepcopy(model)
    convolution, norm = rescaled.features[0], rescaled.features[1]
    convolution.weight.data.mul_(10), convolution.bias.data.mul_(10)
    norm.running_mean.mul_(10), norm.running_var.mul_(100)
    before, after = all_measures(model, initial), all_measures(rescaled, initial)
    assert after == pytest.approx(before, rel=1e-3), "but for the epsilon under the root"
