"""When a run has fitted, and when it ends: functions over hand-made records."""

import dataclasses
import math
from typing import Any

import pytest
import tiny_runs
import torch
from hypothesis import given
from hypothesis import strategies as st

from rethinking.engine.records import EpochRecord, Evaluation
from rethinking.engine.results import fits
from rethinking.engine.state import adapted_to_recipe
from rethinking.engine.stopping import Fits, diverged, first_fit, is_last, meets, scores_train, stopped_by
from rethinking.outcomes.criteria import CRITERIA
from rethinking.recipe import Recipe

NOT_SCORED = (None, None)
CONFUSION = torch.zeros(2, 2, dtype=torch.int64)  # one object, so that records compare
Score = tuple[float | None, float | None]


def evaluation(epoch: float, score: Score, test: tuple[float, float] = (50.0, 1.5)) -> Evaluation:
    return Evaluation(epoch, round(10 * epoch), 2.0 * epoch, *score, *test)


def record(epoch: int, *scores: Score, online_loss: float = 0.5) -> EpochRecord:
    """An epoch of ten steps whose evaluations, spread evenly, have these training accuracies and losses."""
    when = [epoch - 1 + (k + 1) / len(scores) for k in range(len(scores) - 1)] + [epoch]
    return EpochRecord(
        epoch=epoch,
        step=10 * epoch,
        learning_rate=0.1,
        online_loss=online_loss,
        online_accuracy=50.0,
        seconds=2.0,
        total_seconds=2.0 * epoch,
        evaluations=[evaluation(each, score) for each, score in zip(when, scores, strict=True)],
        found=CONFUSION,
    )


def records(*accuracies: float | None) -> list[EpochRecord]:
    """Epochs with one evaluation each; None where the training set was not scored."""
    scores = [NOT_SCORED if accuracy is None else (accuracy, 1.0) for accuracy in accuracies]
    return [record(epoch, score) for epoch, score in enumerate(scores, start=1)]


def recipe(epochs: int = 10, stop: dict[str, Any] | None = None, every: int = 1) -> Recipe:
    return tiny_runs.recipe(epochs=epochs, stop=stop, train_evaluation_every=every)


def taken_over(done: list[EpochRecord], values: Recipe) -> list[EpochRecord] | None:
    """Records after whole epochs as another recipe takes them over; None where it cannot."""
    found = adapted_to_recipe(done, None, values)
    return found and found[0]


def told(done: list[EpochRecord] | None) -> list[str]:
    """What records hold, to be compared: they have tensors and NaNs, of which `==` tells nothing."""
    return [repr(each) for each in done or []]


def until(criterion: str = "accuracy_100", extra_epochs: int = 0) -> dict[str, Any]:
    return {"criterion": criterion, "extra_epochs": extra_epochs}


# The criteria -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "met"),
    [
        ((98.99, 0.5), []),
        ((99.0, 0.5), ["accuracy_99"]),
        ((99.89, 0.01), ["accuracy_99"]),
        ((99.9, 0.5), ["accuracy_99", "accuracy_99_9"]),
        ((99.999, 0.5), ["accuracy_99", "accuracy_99_9"]),
        ((100.0, 0.01), ["accuracy_99", "accuracy_99_9", "accuracy_100"]),
        ((100.0, 0.0099), ["accuracy_99", "accuracy_99_9", "accuracy_100", "loss_0_01"]),
        ((10.0, 0.0), ["loss_0_01"]),
        ((10.0, math.nan), []),
        ((None, None), []),
    ],
    ids=str,
)
def test_an_evaluation_meets_exactly_these_criteria(score, met):
    assert [criterion for criterion in CRITERIA if meets(evaluation(1, score), criterion)] == met


@pytest.mark.parametrize("size", [1, 3, 7, 320, 49_999, 50_000])
def test_all_right_is_100_and_one_wrong_is_not_at_any_size(size):
    assert meets(evaluation(1, (100 * size / size, 1.0)), "accuracy_100")
    assert not meets(evaluation(1, (100 * (size - 1) / size, 1.0)), "accuracy_100")


def test_the_first_fit_counts_and_a_relapse_changes_nothing():
    found = first_fit(records(90.0, 100.0, 97.0, 100.0), "accuracy_100")
    assert found is not None
    assert (found.epoch, found.step, found.seconds) == (2, 20, 4.0)


def test_a_fit_within_an_epoch_is_at_a_fraction_of_it():
    found = first_fit(
        [record(1, (50.0, 1.0)), record(2, (98.0, 1.0), (99.5, 1.0), (98.0, 1.0), (100.0, 1.0))], "accuracy_99"
    )
    assert found is not None
    assert (found.epoch, found.step) == (1.5, 15)


def test_epochs_that_were_not_scored_are_passed_over():
    found = first_fit(records(None, None, 100.0), "accuracy_100")
    assert found is not None
    assert found.epoch == 3
    assert first_fit(records(None, None), "accuracy_100") is None
    assert first_fit([], "accuracy_100") is None


def test_the_summary_holds_every_criterion_met_or_null():
    summary = fits(records(98.0, 99.5))
    assert list(summary) == ["accuracy_99", "accuracy_99_9", "accuracy_100", "loss_0_01"]
    assert summary["accuracy_99"] == {
        "epoch": 2,
        "step": 20,
        "seconds": 4.0,
        "test_accuracy": 50.0,
        "test_loss": 1.5,
    }
    assert [summary[name] for name in ("accuracy_99_9", "accuracy_100", "loss_0_01")] == [None] * 3


def test_a_test_loss_that_is_no_number_is_null_in_the_summary():
    fitted = dataclasses.replace(
        record(1, NOT_SCORED), evaluations=[evaluation(1, (100.0, 1.0), test=(10.0, math.inf))]
    )
    found = fits([fitted])["accuracy_100"]
    assert found is not None
    assert (found["test_accuracy"], found["test_loss"]) == (10.0, None)


@given(st.lists(st.none() | st.floats(0, 100), max_size=12))
def test_a_stricter_criterion_is_never_met_earlier(accuracies):
    found = [
        first_fit(records(*accuracies), criterion) for criterion in ("accuracy_99", "accuracy_99_9", "accuracy_100")
    ]
    when = [math.inf if fit is None else fit.epoch for fit in found]
    assert when == sorted(when)


# The end ------------------------------------------------------------------------------------------------------------


def test_a_run_that_has_not_begun_goes_on():
    assert stopped_by([], recipe(epochs=1)) is None


def test_without_a_criterion_a_run_ends_after_its_epochs():
    assert stopped_by(records(100.0, 100.0), recipe(epochs=3)) is None
    assert stopped_by(records(100.0, 100.0, 100.0), recipe(epochs=3)) == "epochs"


@pytest.mark.parametrize("extra_epochs", [0, 1, 3])
def test_a_run_ends_extra_epochs_after_its_criterion(extra_epochs):
    values = recipe(stop=until(extra_epochs=extra_epochs))
    accuracies = [50.0, 100.0] + [90.0] * extra_epochs
    for num_epochs in range(1, len(accuracies)):
        assert stopped_by(records(*accuracies[:num_epochs]), values) is None
    assert stopped_by(records(*accuracies), values) == "accuracy_100"


def test_extra_epochs_never_go_beyond_epochs():
    assert stopped_by(records(50.0, 100.0, 100.0), recipe(epochs=3, stop=until(extra_epochs=5))) == "epochs"


def test_a_fit_within_an_epoch_ends_the_run_after_that_epoch():
    fitted = record(1, (100.0, 1.0), (99.0, 1.0))
    assert stopped_by([fitted], recipe(stop=until())) == "accuracy_100"
    assert stopped_by([fitted], recipe(stop=until(extra_epochs=1))) is None
    assert stopped_by([fitted, record(2, (99.0, 1.0))], recipe(stop=until(extra_epochs=1))) == "accuracy_100"


def test_other_criteria_do_not_end_the_run():
    assert stopped_by(records(99.5), recipe(stop=until("accuracy_99_9"))) is None
    assert stopped_by(records(99.5), recipe(stop=until("accuracy_99"))) == "accuracy_99"


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_run_before_anything_else(loss):
    values = recipe(epochs=2, stop=until())
    assert stopped_by([record(1, (100.0, 1.0), online_loss=loss)], values) == "diverged"
    assert stopped_by([record(1, (50.0, 1.0)), record(2, (50.0, loss))], values) == "diverged"


def test_an_epoch_that_was_not_scored_has_not_diverged():
    assert not diverged(record(1, NOT_SCORED))


@pytest.mark.parametrize("every", [1, 2, 5])
def test_the_training_set_is_scored_on_schedule_and_at_the_end(every):
    values = recipe(epochs=7, every=every)
    scored = [epoch for epoch in range(1, 8) if scores_train(epoch, records(*[None] * (epoch - 1)), values)]
    assert scored == sorted({*range(every, 8, every), 7})


def test_an_end_by_criterion_is_foreseen_and_scored():
    before = records(None, 100.0, None, None)
    values = recipe(stop=until(extra_epochs=3), every=2)
    assert is_last(5, before, values)
    assert scores_train(5, before, values)


# Early stopping and plateaus ----------------------------------------------------------------------------------------


def validated(*accuracies: float) -> list[EpochRecord]:
    """Epochs with these validation accuracies, and test accuracies that run against them."""
    return [
        dataclasses.replace(
            each,
            evaluations=[
                dataclasses.replace(
                    each.last, validation_accuracy=value, validation_loss=1.0, test_accuracy=100 - value
                )
            ],
        )
        for each, value in zip(records(*[50.0] * len(accuracies)), accuracies, strict=True)
    ]


def first_stop(done: list[EpochRecord], values: Recipe) -> tuple[int, str] | None:
    """After which epoch the run ends first, and by what."""
    ends = ((epoch, stopped_by(done[:epoch], values)) for epoch in range(1, len(done) + 1))
    return next(((epoch, why) for epoch, why in ends if why), None)


@pytest.mark.parametrize("best", [1, 7, 30])
def test_a_patience_of_20_stops_21_epochs_after_the_best_one(best):
    rising = [50.0 + epoch / 10 for epoch in range(1, best + 1)]
    done = validated(*rising, *[rising[-1] - 1 - epoch % 3 for epoch in range(60)])
    assert first_stop(done, recipe(epochs=200, stop={"early_stopping": 20})) == (best + 21, "early_stopping")


def test_an_equal_accuracy_is_no_better_and_a_better_one_begins_the_count_again():
    values = recipe(epochs=100, stop={"early_stopping": 3})
    assert first_stop(validated(50, 60, 60, 60, 60, 60, 60), values) == (6, "early_stopping")
    assert first_stop(validated(50, 60, 59, 59, 59, 61, 0, 0, 0, 0, 0), values) == (10, "early_stopping")
    assert first_stop(validated(1, 2, 3, 4, 5, 6, 7, 8), values) is None


def test_early_stopping_never_goes_beyond_epochs():
    assert first_stop(validated(9, *[1] * 9), recipe(epochs=3, stop={"early_stopping": 3})) == (3, "epochs")


@pytest.mark.parametrize(
    ("losses", "end"),
    [
        ([1.0] * 9, 5),
        ([1.0, 0.99995, 0.99992, 0.99991, 0.99995], 5),  # none is lower by a ten-thousandth
        ([1.0, 0.9, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8], 9),
        ([0.9**epoch for epoch in range(20)], None),
    ],
    ids=["flat", "hardly falling", "falling once", "falling"],
)
def test_a_plateau_ends_the_run_when_patience_is_exceeded(losses, end):
    done = [record(epoch, (50.0, 1.0), online_loss=loss) for epoch, loss in enumerate(losses, start=1)]
    assert first_stop(done, recipe(epochs=50, stop={"plateau": 3})) == (end and (end, "plateau"))


def test_a_plateau_is_torchs():
    """ReduceLROnPlateau lowers its rate at the step at which our run ends."""
    losses = [1.0, 0.8, 0.79999, 0.7, 0.75, 0.69999, 0.72, 0.7, 0.7, 0.1]
    done = [record(epoch, (50.0, 1.0), online_loss=loss) for epoch, loss in enumerate(losses, start=1)]
    for patience in (1, 2, 3, 4):
        optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, patience=patience)
        end = None
        for epoch, loss in enumerate(losses, start=1):
            schedule.step(loss)
            if optimiser.param_groups[0]["lr"] < 1 and end is None:
                end = (epoch, "plateau")
        assert first_stop(done, recipe(epochs=50, stop={"plateau": patience})) == end


# Continuing with other `epochs` or another `stop` -------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [3, 4, 100])
def test_a_run_goes_on_to_more_epochs(epochs):
    done = records(50.0, 60.0, 70.0)
    assert told(taken_over(done, recipe(epochs=epochs))) == told(done)


def test_a_run_beyond_the_recipes_end_is_of_no_use():
    done = records(50.0, 100.0, 100.0)
    assert taken_over(done, recipe(epochs=2)) is None
    assert taken_over(done, recipe(stop=until())) is None
    assert told(taken_over(done, recipe(stop=until(extra_epochs=1)))) == told(done)


def test_a_score_that_was_due_only_at_the_former_end_is_taken_back():
    shorter = records(None, 50.0, 100.0)
    found = taken_over(shorter, recipe(epochs=6, every=2))
    assert found is not None
    assert told(found[:2]) == told(shorter[:2])
    assert (found[2].last.train_accuracy, found[2].last.train_loss) == NOT_SCORED
    assert found[2].last.test_loss == shorter[2].last.test_loss
    assert told(taken_over(shorter, recipe(epochs=3, every=2))) == told(shorter)


def test_a_run_that_stands_at_the_recipes_end_without_a_score_is_of_no_use():
    assert taken_over(records(None, 50.0, None), recipe(epochs=3, every=2)) is None


def test_a_diverged_run_stays_as_it_is():
    done = [record(1, NOT_SCORED), record(2, NOT_SCORED), record(3, (10.0, math.nan), online_loss=math.nan)]
    values = recipe(epochs=6, every=2)
    assert told(taken_over(done, values)) == told(done)
    assert stopped_by(done, values) == "diverged"


@given(
    accuracies=st.lists(st.sampled_from([50.0, 99.5, 100.0]), min_size=1, max_size=8),
    first=st.integers(1, 8),
    second=st.integers(1, 8),
    every=st.integers(1, 4),
    extra_epochs=st.none() | st.integers(0, 3),
)
def test_continuing_gives_what_one_go_gives_or_is_refused(accuracies, first, second, every, extra_epochs):
    """The training set's accuracy after each epoch is given; runs see it where it is scored."""

    def run(values: Recipe, done: list[EpochRecord]) -> list[EpochRecord]:
        done = list(done)
        while stopped_by(done, values) is None:
            epoch = len(done) + 1
            accuracy = accuracies[min(epoch, len(accuracies)) - 1]
            done.append(record(epoch, (accuracy, 1.0) if scores_train(epoch, done, values) else NOT_SCORED))
        return done

    values = recipe(
        epochs=second, every=every, stop=None if extra_epochs is None else until("accuracy_99", extra_epochs)
    )
    in_one_go = run(values, [])
    shorter = run(recipe(epochs=first, every=every), [])
    continued = taken_over(shorter, values)
    if continued is None:
        assert len(shorter) > len(in_one_go) or shorter[-1].last.train_loss is None
    else:
        assert told(run(values, continued)) == told(in_one_go)


def test_a_run_that_recovered_after_its_patience_had_run_out_is_of_no_use():
    done = validated(60, 50, 50, 50, 70)
    assert taken_over(done, recipe(epochs=9, stop={"early_stopping": 2})) is None
    assert told(taken_over(done, recipe(epochs=9, stop={"early_stopping": 3}))) == told(done)


def test_a_score_out_of_turn_that_meets_a_criterion_is_not_seen_by_a_longer_run():
    shorter = records(None, 50.0, 100.0)
    found = taken_over(shorter, recipe(epochs=6, stop=until(), every=2))
    assert found is not None
    assert found[2].last.train_accuracy is None


def test_within_the_last_epoch_training_scores_that_are_missing_are_not_made_up():
    """Its end was not foreseen, so that only its last evaluation was scored."""
    done = [record(1, NOT_SCORED, (50.0, 1.0))]
    assert taken_over(done, recipe(epochs=1, every=2)) is None
    assert told(taken_over(done, recipe(epochs=2, every=2))) == told([record(1, NOT_SCORED, NOT_SCORED)])


@given(
    accuracies=st.lists(st.sampled_from([50.0, 60.0, 70.0]), min_size=1, max_size=8),
    first=st.none() | st.integers(1, 3),
    second=st.none() | st.integers(1, 3),
    every=st.integers(1, 3),
    epochs=st.integers(1, 8),
)
def test_early_stopping_continues_as_one_go_or_is_refused(accuracies, first, second, every, epochs):
    def run(values: Recipe, done: list[EpochRecord]) -> list[EpochRecord]:
        done = list(done)
        while stopped_by(done, values) is None:
            epoch = len(done) + 1
            (made,) = validated(accuracies[min(epoch, len(accuracies)) - 1])
            scored = dataclasses.replace(made, epoch=epoch)
            last = dataclasses.replace(scored.last, epoch=epoch, train_accuracy=None, train_loss=None)
            unscored = dataclasses.replace(scored, evaluations=[last])
            due = scores_train(epoch, done, values) or stopped_by([*done, unscored], values)
            done.append(
                dataclasses.replace(
                    unscored, evaluations=[dataclasses.replace(last, train_accuracy=50.0, train_loss=1.0)]
                )
                if due
                else unscored
            )
        return done

    def stop(patience: int | None) -> dict[str, Any] | None:
        return None if patience is None else {"early_stopping": patience}

    values = recipe(epochs=8, every=every, stop=stop(second))
    in_one_go = run(values, [])
    before = run(recipe(epochs=epochs, every=every, stop=stop(first)), [])
    continued = taken_over(before, values)
    if continued is None:
        assert len(before) >= len(in_one_go)
    else:
        assert told(run(values, continued)) == told(in_one_go)


def test_the_log_says_once_when_each_criterion_is_first_met_and_what_the_test_accuracy_was_then():
    said = Fits([])
    lines = [line for each in records(98.0, 99.5, 98.0, 100.0) for line in said.met_by(each)]
    assert lines == [
        "accuracy_99 met at epoch 2, step 20, after 4.00 s: test accuracy 50.00 %",
        "accuracy_99_9 met at epoch 4, step 40, after 8.00 s: test accuracy 50.00 %",
        "accuracy_100 met at epoch 4, step 40, after 8.00 s: test accuracy 50.00 %",
    ]
    assert Fits(records(100.0)).known >= {"accuracy_99", "accuracy_100"}, "a run that goes on says nothing twice"
