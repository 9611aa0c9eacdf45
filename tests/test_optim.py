"""The optimiser against torch's, bit for bit, and against the formulas; the learning rate's schedules."""

import copy
import math
from typing import Any

import pytest
import tiny_runs
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import CLASSIFIERS, PAPER, build
from torch import nn
from torch.nn import functional

from rethinking.engine.optim import SGD, Adam, learning_rate, make_optimiser
from rethinking.recipe import Recipe

property_test = settings(deadline=None, max_examples=40)
X = torch.randn(24, 6, generator=torch.Generator().manual_seed(1))
Y = torch.arange(24) % 3


def network() -> nn.Sequential:
    """Weights, biases, and a parameter that does not train."""
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))
    generator = torch.Generator().manual_seed(2)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3, generator=generator)
    model[2].bias.requires_grad_(False)
    return model


def backward(model: nn.Module, step: int) -> None:
    indices = torch.arange(8) + 8 * (step % 3)
    functional.cross_entropy(model(X[indices]), Y[indices]).backward()


def trained(rates: list[float], **options: Any) -> list[torch.Tensor]:
    model = network()
    optimiser = SGD(model.parameters(), **options)
    for step, rate in enumerate(rates):
        backward(model, step)
        optimiser.step(rate)
        assert all(parameter.grad is None for parameter in model.parameters())
    return list(model.state_dict().values())


def trained_by_torch(rates: list[float], **options: Any) -> list[torch.Tensor]:
    model = network()
    optimiser = torch.optim.SGD(model.parameters(), lr=rates[0], **{"fused": True} | options)
    for step, rate in enumerate(rates):
        optimiser.param_groups[0]["lr"] = rate
        backward(model, step)
        optimiser.step()
        optimiser.zero_grad()
    return list(model.state_dict().values())


def assert_bits_are_equal(found: list[torch.Tensor], expected: list[torch.Tensor]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one.view(torch.int32), other.view(torch.int32))


OPTIONS = {
    "plain": {},
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9, "nesterov": True},
    "weight decay": {"weight_decay": 0.01},
    "everything": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_sgd_is_torchs_bit_for_bit(options):
    rates = [0.1 * 0.9**step for step in range(10)]
    assert_bits_are_equal(trained(rates, **options), trained_by_torch(rates, **options))


@property_test
@given(
    momentum=st.floats(0, 0.999),
    nesterov=st.booleans(),
    weight_decay=st.floats(0, 0.5),
    rates=st.lists(st.floats(1e-6, 0.5), min_size=1, max_size=6),
)
def test_sgd_is_torchs_for_any_hyperparameters(momentum, nesterov, weight_decay, rates):
    options = {"momentum": momentum, "nesterov": nesterov and momentum > 0, "weight_decay": weight_decay}
    assert_bits_are_equal(trained(rates, **options), trained_by_torch(rates, **options))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_sgd_is_its_formula_one_operation_after_the_other(options):
    rates = [0.1 * 0.9**step for step in range(10)]
    for found, expected in zip(trained(rates, **options), trained_by_torch(rates, fused=False, **options), strict=True):
        torch.testing.assert_close(found, expected)


def test_adam_is_its_formula_one_operation_after_the_other():
    rates = [0.01 * 0.9**step for step in range(10)]
    options = {"betas": (0.9, 0.98), "weight_decay": 0.01}
    for found, expected in zip(adam(rates, **options), torchs_adam(rates, fused=False, **options), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", PAPER)
def test_a_step_does_not_depend_on_the_layout_of_the_weights(name):
    moved = []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        model = build(name, width=1 / 8)
        generator = torch.Generator().manual_seed(0)
        for parameter in model.parameters():
            parameter.data.normal_(generator=generator)
        optimiser = SGD(model.to(memory_format=memory_format).parameters(), momentum=0.9)
        for step in range(2):
            generator.manual_seed(step)
            for parameter in model.parameters():
                gradient = torch.empty(parameter.shape).normal_(generator=generator)
                parameter.grad = torch.empty_like(parameter).copy_(gradient)  # as autograd lays it out
            optimiser.step(0.1)
        moved.append([parameter.detach().clone() for parameter in model.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*moved, strict=True))


def test_a_gradient_that_lies_in_memory_otherwise_than_its_parameter_is_refused():
    model = nn.Conv2d(3, 4, 3, bias=False).to(memory_format=torch.channels_last)
    model.weight.grad = torch.zeros(4, 3, 3, 3)
    with pytest.raises(AssertionError, match="another layout"):
        SGD(model.parameters()).step(0.1)


def test_a_parameter_that_does_not_train_stays():
    before, after = list(network().state_dict().values()), trained([0.1] * 3, momentum=0.9, weight_decay=0.1)
    moved = [not torch.equal(one, other) for one, other in zip(before, after, strict=True)]
    assert moved == [True, True, True, False, True, True]


def test_a_saved_and_loaded_optimiser_goes_on_with_the_same_bits():
    rates = [0.05] * 6
    model = network()
    optimiser = SGD(model.parameters(), momentum=0.9)
    for step, rate in enumerate(rates):
        if step == 3:
            saved = copy.deepcopy(optimiser.state_dict())
            optimiser = SGD(model.parameters(), momentum=0.9)
            optimiser.load_state_dict(saved)
        backward(model, step)
        optimiser.step(rate)
    assert_bits_are_equal(list(model.state_dict().values()), trained(rates, momentum=0.9))


def adam(rates: list[float], **options: Any) -> list[torch.Tensor]:
    """Trained by our Adam; the options are those of torch's."""
    model = network()
    betas, epsilon = options.get("betas", (0.9, 0.999)), options.get("eps", 1e-8)
    optimiser = Adam(model.parameters(), betas=betas, epsilon=epsilon, weight_decay=options.get("weight_decay", 0.0))
    for step, rate in enumerate(rates):
        backward(model, step)
        optimiser.step(rate)
    return list(model.state_dict().values())


def torchs_adam(rates: list[float], **options: Any) -> list[torch.Tensor]:
    model = network()
    optimiser = torch.optim.Adam(model.parameters(), lr=rates[0], **{"fused": True} | options)
    for step, rate in enumerate(rates):
        optimiser.param_groups[0]["lr"] = rate
        backward(model, step)
        optimiser.step()
        optimiser.zero_grad()
    return list(model.state_dict().values())


@pytest.mark.parametrize(
    "options",
    [{}, {"betas": (0.9, 0.98), "eps": 1e-9}, {"weight_decay": 0.01}],
    ids=["plain", "the first tutorial's", "weight decay"],
)
def test_adam_is_torchs_bit_for_bit(options):
    rates = [0.01 * 0.9**step for step in range(30)]
    assert_bits_are_equal(adam(rates, **options), torchs_adam(rates, **options))


@property_test
@given(
    betas=st.tuples(st.floats(0, 0.999), st.floats(0, 0.9999)),
    eps=st.floats(1e-10, 1e-2),
    weight_decay=st.floats(0, 0.5),
    rates=st.lists(st.floats(1e-6, 0.5), min_size=1, max_size=6),
)
def test_adam_is_torchs_for_any_hyperparameters(betas, eps, weight_decay, rates):
    options = {"betas": betas, "eps": eps, "weight_decay": weight_decay}
    assert_bits_are_equal(adam(rates, **options), torchs_adam(rates, **options))


def test_a_saved_and_loaded_adam_goes_on_with_the_same_bits():
    rates = [0.05] * 6
    model = network()
    optimiser = Adam(model.parameters(), betas=(0.9, 0.999), epsilon=1e-8)
    for step, rate in enumerate(rates):
        if step == 3:
            saved = copy.deepcopy(optimiser.state_dict())
            optimiser = Adam(model.parameters(), betas=(0.9, 0.999), epsilon=1e-8)
            optimiser.load_state_dict(saved)
        backward(model, step)
        optimiser.step(rate)
    assert_bits_are_equal(list(model.state_dict().values()), adam(rates))


def test_an_optimiser_of_another_network_is_not_loaded():
    optimiser = SGD(network().parameters(), momentum=0.9)
    with pytest.raises(ValueError, match="shorter"):
        optimiser.load_state_dict({"num_steps": 1, "moments": {"velocity": optimiser.moments["velocity"][:-1]}})


def test_the_recipe_sets_up_the_optimiser():
    values = tiny_runs.recipe(momentum=0.8, nesterov=True, weight_decay=0.02)
    optimiser = make_optimiser(network(), values)
    assert isinstance(optimiser, SGD)
    assert (optimiser.momentum, optimiser.nesterov) == (0.8, True)
    assert optimiser.decays == [0.02] * 5  # of all that train


def test_the_recipe_sets_up_adam():
    values = tiny_runs.recipe(optimiser="adam", betas=[0.9, 0.98], epsilon=1.0e-9, weight_decay=0.02)
    optimiser = make_optimiser(network(), values)
    assert isinstance(optimiser, Adam)
    assert (optimiser.betas, optimiser.epsilon, optimiser.decays) == ((0.9, 0.98), 1e-9, [0.02] * 5)


@pytest.mark.parametrize("where", ["fully_connected", "hidden_fully_connected"])
@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_weight_decay_can_be_kept_to_the_matrices_of_fully_connected_layers(kind, name, where):
    model = build(name, width=1 / 16)
    values = tiny_runs.recipe(optimiser=kind, weight_decay=0.1, weight_decay_on=where, momentum=0.0)
    optimiser = make_optimiser(model, values)
    matrices = {f"{at}.weight" for at, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    if where == "hidden_fully_connected":
        matrices.discard("classifier.weight")  # NiN has none
    before = {at: parameter.detach().clone() for at, parameter in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step(0.5)
    moved = {at for at, parameter in model.named_parameters() if not torch.equal(parameter, before[at])}
    assert moved == matrices
    if kind == "sgd":
        for at in matrices:
            torch.testing.assert_close(model.get_parameter(at).detach(), before[at] * (1 - 0.5 * 0.1))


# The learning rate --------------------------------------------------------------------------------------------------


def recipe(**changes: Any) -> Recipe:
    return tiny_runs.recipe(**{"learning_rate": 0.1, "schedule": "exponential", "decay": 0.95} | changes)


def test_a_constant_rate_never_changes():
    assert {learning_rate(step, 10, recipe(schedule="constant")) for step in range(100)} == {0.1}


def test_the_papers_rate_is_multiplied_by_0_95_after_each_epoch():
    for step in range(391 * 4):
        assert learning_rate(step, 391, recipe()) == pytest.approx(0.1 * 0.95 ** (step // 391), rel=1e-15)


def test_391_steps_are_the_papers_epoch_at_any_size():
    """50,000 images in batches of 128 are 391 steps."""
    assert math.ceil(50_000 / 128) == 391
    for step in range(391 * 4):
        expected = learning_rate(step, 391, recipe())
        for steps_per_epoch in (3, 391, 1000):
            assert learning_rate(step, steps_per_epoch, recipe(decay_every_steps=391)) == expected


def test_the_schedule_is_torchs_exponential_one():
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, gamma=0.95)
    for epoch in range(60):
        assert learning_rate(epoch * 7 + 6, 7, recipe()) == pytest.approx(schedule.get_last_lr()[0], rel=1e-12)
        optimiser.step()
        schedule.step()


@property_test
@given(
    step=st.integers(0, 10**6),
    steps_per_epoch=st.integers(1, 1000),
    decay=st.floats(0.5, 1),
    every=st.none() | st.integers(1, 1000),
)
def test_the_rate_never_rises_and_falls_only_where_a_period_ends(step, steps_per_epoch, decay, every):
    values = recipe(decay=decay, decay_every_steps=every)
    now, then = (learning_rate(each, steps_per_epoch, values) for each in (step, step + 1))
    period = every or steps_per_epoch
    assert then <= now <= 0.1
    assert then == now or (step + 1) % period == 0
    assert learning_rate(step // period * period, steps_per_epoch, values) == now


def test_the_warm_up_is_torchs_linear_one_with_its_defaults():
    """From a third of the rate at the first epoch to the whole of it from the sixth on."""
    values = tiny_runs.recipe(schedule="warm_up", learning_rate=0.001)
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.001)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser)
    rates = []
    for epoch in range(9):
        rates.append(learning_rate(epoch * 7, 7, values))
        assert rates[-1] == learning_rate(epoch * 7 + 6, 7, values)
        assert rates[-1] == pytest.approx(schedule.get_last_lr()[0], rel=1e-12)
        optimiser.step()
        schedule.step()
    assert rates[0] == pytest.approx(0.000333, abs=5e-7)
    assert rates[5:] == [0.001] * 4
    assert rates[4] < 0.001


@pytest.mark.parametrize(("start", "epochs"), [(0.1, 3), (1.0, 2), (0.25, 1)])
def test_any_warm_up_is_torchs(start, epochs):
    values = recipe(schedule="warm_up", warm_up={"start": start, "epochs": epochs})
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, start_factor=start, total_iters=epochs)
    for epoch in range(6):
        assert learning_rate(epoch * 3, 3, values) == pytest.approx(schedule.get_last_lr()[0], rel=1e-12)
        optimiser.step()
        schedule.step()


def test_the_cosine_is_torchs_step_by_step():
    values = recipe(schedule="cosine", epochs=6)
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=6 * 7)
    rates = []
    for step in range(6 * 7):
        rates.append(learning_rate(step, 7, values))
        assert rates[-1] == pytest.approx(schedule.get_last_lr()[0], rel=1e-9)
        optimiser.step()
        schedule.step()
    assert rates[0] == 0.1
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.0002


def test_an_exponential_rate_can_fall_after_any_number_of_steps():
    values = recipe(decay=0.5, decay_every_steps=3)
    assert [learning_rate(step, 10, values) for step in range(8)] == [0.1] * 3 + [0.05] * 3 + [0.025] * 2
