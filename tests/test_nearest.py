"""The nearest name to one that is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rethinking.models.registry import MODELS
from rethinking.plotting.registry import FIGURES
from rethinking.registry import nearest, slips
from rethinking.reporting.registry import TABLES

KEYS = ["dataset", "datasets", "data_dir", "figures", "models", "recipes", "seeds", "tables", "name", "extends"]


@pytest.mark.parametrize(
    ("wrong", "known", "right"),
    [
        ("datasest", KEYS, "datasets"),
        ("dataest", KEYS, "dataset"),
        ("tabl1e", TABLES, "table1"),
        ("fi1g", FIGURES, "fig1"),
        ("seed", KEYS, "seeds"),
        ("human_labels", ["true_labels", "human_labels-worse", "random_labels"], "human_labels-worse"),
        ("Data-Dir", KEYS, "data_dir"),
        ("Inception", MODELS, "inception"),
        ("resnet-18", MODELS, "resnet18"),
        ("mlp1x512", MODELS, "mlp_1x512"),
        ("norm", ["batch_norm", "measures"], "batch_norm"),
        ("learning", ["learning_rate", "loss", "clip_gradient_norm"], "learning_rate"),
    ],
)
def test_what_people_type_leads_to_what_they_meant(wrong, known, right):
    assert nearest(wrong, known) == f"did you mean {right!r}?"


def test_of_what_is_near_to_nothing_all_names_are_told():
    assert nearest("xyzzy", ["adam", "sgd"]) == "known: adam, sgd"
    assert nearest("xyzzy", []) == "none is defined"


WORDS = st.text("abc", max_size=6)


@given(WORDS, WORDS)
def test_a_distance_is_symmetric_and_nothing_for_equal_texts_alone(one, other):
    assert slips(one, other) == slips(other, one) <= max(len(one), len(other))
    assert (slips(one, other) == 0) == (one == other)


@given(WORDS.filter(lambda word: len(word) > 1), st.data())
def test_one_slip_is_a_distance_of_one(word, data):
    place = data.draw(st.integers(0, len(word) - 2))
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    for slip in (swapped, word[:place] + word[place + 1 :], word[:place] + "d" + word[place:]):
        assert slips(word, slip) == (word != slip)
