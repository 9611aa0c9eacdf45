"""How levels and corruptions are called: one spelling for each, and the way back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.names import corruption_name, experiment_name, level_of, level_text, split_corruption

levels = st.floats(0, 1, allow_subnormal=False)
positive_levels = st.floats(0, 1, exclude_min=True, allow_subnormal=False)
families = st.sampled_from(sorted(CORRUPTIONS)) | st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("level", "text"),
    [(0, "0.0"), (1, "1.0"), (1.0, "1.0"), (0.5, "0.5"), (5e-2, "0.05"), (1e-7, "0.0000001")],
)
def test_a_level_is_written_in_its_shortest_decimal_form_with_a_decimal(level, text):
    assert level_text(level) == text


@given(levels)
def test_a_levels_text_is_plain_decimal_and_reads_back_as_the_same_number(level):
    text = level_text(level)
    assert re.fullmatch(r"[01]\.[0-9]+", text)
    assert float(text) == level


@given(levels)
def test_a_levels_text_is_the_shortest(level):
    digits = level_text(level).partition(".")[2]
    assert digits == "0" or float(f"0.{digits[:-1]}") != level


@given(levels, levels)
def test_equal_levels_have_equal_texts_and_others_others(one, other):
    assert (level_text(one) == level_text(other)) == (one == other)


@given(st.integers(0, 1000))
def test_the_spelling_in_yaml_does_not_matter(thousandths):
    level = thousandths / 1000
    spellings = {f"{level:.3f}", f"{level:.5f}", f"{level:e}", str(level)}
    assert {level_text(float(spelling)) for spelling in spellings} == {level_text(level)}


@pytest.mark.parametrize("family", sorted(CORRUPTIONS))
@pytest.mark.parametrize("zero", [0, 0.0, -0.0])
def test_level_zero_of_any_corruption_is_true_labels(family, zero):
    assert corruption_name(family, zero) == "true_labels"


@pytest.mark.parametrize(
    ("family", "level", "name"),
    [
        ("random_labels", 0.5, "random_labels-0.5"),
        ("random_labels", 1, "random_labels-1.0"),
        ("shuffled_labels", 0.05, "shuffled_labels-0.05"),
        ("random_pixels", None, "random_pixels"),
        ("true_labels", None, "true_labels"),
    ],
)
def test_a_corruption_is_called_after_its_family_and_level(family, level, name):
    assert corruption_name(family, level) == name
    assert split_corruption(name) == (family, level)


@given(families, positive_levels)
def test_a_name_with_a_level_splits_into_what_it_was_made_of(family, level):
    assert split_corruption(corruption_name(family, level)) == (family, level)


@given(families, positive_levels)
def test_a_name_says_its_level_and_true_labels_are_level_zero_of_any(family, level):
    assert level_of(corruption_name(family, level)) == level
    assert level_of(corruption_name(family, 0)) == 0
    assert level_of("random_pixels") is None


@given(families.filter(lambda name: name[-1].isalpha()))
def test_a_name_that_does_not_end_in_a_number_has_no_level(name):
    assert split_corruption(corruption_name(name, None)) == (name, None)


@pytest.mark.parametrize("spelling", ["random_labels-0.50", "random_labels-.5", "random_labels-0.5000"])
def test_other_spellings_of_a_name_lead_to_the_one_spelling(spelling):
    assert corruption_name(*split_corruption(spelling)) == "random_labels-0.5"


@pytest.mark.parametrize("name", ["random_labels-1", "random_labels-1.", "random_labels-1.00", "random_labels-01"])
def test_whole_levels_lead_to_one_spelling_too(name):
    assert corruption_name(*split_corruption(name)) == "random_labels-1.0"


@pytest.mark.parametrize("name", ["random_labels", "random_labels-", "random_labels-half", "human_labels-worse", "0.5"])
def test_what_is_no_level_stays_part_of_the_name(name):
    assert split_corruption(name) == (name, None)


# The corruption repository's names ------------------------------------------------------------------------------------

PIXELS = {"shuff_pix": "shuffled_pixels", "rand_pix": "random_pixels", "gauss_pix": "gaussian_pixels"}
networks = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
corruptions = st.sampled_from(["true_labels", *PIXELS.values()]) | positive_levels.map(
    lambda level: corruption_name("random_labels", level)
)


def read_back(name: str) -> tuple[str, str]:
    """Network and corruption of MODEL_LABELPROB_DATATYPE, read from its end."""
    data_type = next(each for each in ["none", *PIXELS] if name.endswith(f"_{each}"))
    model, _, level = name.removesuffix(f"_{data_type}").rpartition("_")
    return model, corruption_name("random_labels", float(level)) if data_type == "none" else PIXELS[data_type]


@pytest.mark.parametrize(
    ("model", "corruption", "name"),
    [
        ("AlexNet", "true_labels", "AlexNet_0.0_none"),
        ("MLP1", "random_labels-0.5", "MLP1_0.5_none"),
        ("MLP1", "random_labels-1.0", "MLP1_1.0_none"),
        ("Inception", "shuffled_pixels", "Inception_0.0_shuff_pix"),
        ("Inception", "random_pixels", "Inception_0.0_rand_pix"),
        ("mlp_1x512", "gaussian_pixels", "mlp_1x512_0.0_gauss_pix"),
        ("MLP1", "shuffled_labels-0.5", None),
        ("MLP1", "human_labels-worse", None),
        ("MLP1", "a_variant_of_mine", None),
    ],
)
def test_an_experiment_is_called_as_in_the_corruption_repository(model, corruption, name):
    assert experiment_name(model, corruption) == name


@given(networks, corruptions)
def test_an_experiment_s_name_reads_back_as_its_network_and_its_corruption(model, corruption):
    assert read_back(experiment_name(model, corruption)) == (model, corruption)


@given(networks, corruptions, networks, corruptions)
def test_different_experiments_have_different_names(model, corruption, other_model, other_corruption):
    same = (model, corruption) == (other_model, other_corruption)
    assert (experiment_name(model, corruption) == experiment_name(other_model, other_corruption)) == same
