"""`--config key=value`: a value is what YAML says in a file, and what is text arrives as it was written."""

import json
from typing import Any

import pypdf
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from test_bad_configuration import load
from tiny_workflow import TINY, Checkout

from rethinking import schema
from rethinking.overrides import overrides
from rethinking.schema import ConfigurationError

# What YAML 1.1 takes for a number, a date, a truth value, nothing, a comment or the beginning of something else.
LOOKS_LIKE = ["2024", "512", "12:30", "2024-01-31", "no", "on", "yes", "null", "~", "1e-3", "1.0e-3", "0x10", "007"]
LOOKS_LIKE += ["1_000", ".inf", ".nan", "=", "<<", "true", "0b11", "-1", "1.", "2024-01-31 12:30:00"]
WORDS = [
    "figure #3",
    "Recipe: quick",
    "a, b",
    "[mine",
    "{x}",
    "it's",
    '"quoted"',
    "# all",
    "- a",
    "& b",
    "*c",
    "%",
    "@d",
]
WORDS += ["", " both ends ", "a\nb", "a\tb", "ends in a backslash\\", "$HOME", "übergröße", "\U0001f600", "!!int 5"]
characters = st.characters(exclude_categories=["Cs"])


def label_of(written: str) -> Any:
    return overrides([f"models={written}"])["models"]["mine"]["label"]


@given(st.text(characters))
@example("\U0001f600")
@pytest.mark.parametrize("ascii", [True, False])
def test_any_text_that_json_quotes_arrives_as_it_is(ascii, text):
    # Bare control characters and line separators are no YAML; JSON's own writer escapes them where it is asked to.
    written = json.dumps({"mine": {"label": text}}, ensure_ascii=ascii or not text.isprintable())
    if "\x7f" not in written:
        assert label_of(written) == text


@given(st.text(characters))
def test_any_text_that_yaml_quotes_arrives_as_it_is(text):
    written = yaml.safe_dump({"mine": {"label": text}}, default_style='"', default_flow_style=True, width=10**6)
    assert label_of(written) == text


@pytest.mark.parametrize("text", LOOKS_LIKE + WORDS)
@pytest.mark.parametrize("quotes", [json.dumps, lambda text: "'" + text.replace("'", "''") + "'"], ids=["", "single"])
def test_a_quoted_text_that_looks_like_something_else_is_text(text, quotes):
    written = quotes(text)
    if written.startswith("'") and not text.isprintable():
        return  # single quotes hold no line break as it is
    assert label_of(f"{{mine: {{label: {written}}}}}") == text
    assert overrides([f"name={written}"]) == {"name": text}
    section = overrides([f"figures={{fig1: {{note: {written}}}}}", "seeds=[1]"])
    assert section == {"figures": {"fig1": {"note": text}}, "seeds": [1]}


@pytest.mark.parametrize("text", [text for text in LOOKS_LIKE if text not in ("null", "~")])
def test_where_only_text_can_be_meant_it_needs_no_quotes(text):
    assert overrides([f"name={text}"]) == {"name": text}
    key = "b" if text == "<<" else text  # which merges mappings, as in a file
    assert overrides([f"models={{{key}: {{factory: {text}}}}}"]) == {"models": {key: {"factory": text}}}
    assert overrides([f"samples={{corruptions: [{text}, b]}}"])["samples"]["corruptions"] == [text, "b"]


@pytest.mark.parametrize("place", ["/data/set #3", "/a: b", "[x]", "/it's", "C:\\data", '"unclosed', "/a\nb", "~/data"])
def test_a_text_at_the_top_is_all_that_follows_the_equals_sign(place):
    assert overrides([f"data_dir={place}"]) == {"data_dir": place}


def test_what_is_no_text_has_the_type_that_yaml_gives_it():
    written = "{quick: {crop: null, decay: 0.5, epochs: 3, schedule: constant, nesterov: yes, learning_rate: {mlp: 1}}}"
    values = {"crop": None, "decay": 0.5, "epochs": 3, "schedule": "constant", "nesterov": True}
    values["learning_rate"] = {"mlp": 1}
    assert overrides(["seeds=[0, 1]", f"recipes={written}"]) == {"seeds": [0, 1], "recipes": {"quick": values}}
    nothing = {"figures": {"fig2": None}, "data_dir": None, "dataset": None, "seeds": None}
    assert overrides(["figures={fig2: null}", "data_dir=null", "dataset=~", "seeds="]) == nothing


def test_the_later_of_two_values_holds_and_mappings_are_merged():
    given = ["figures={fig1: {note: one, size: [7, 3]}}", "name=a", "figures={fig1: {note: two}}", "name=b"]
    assert overrides(given) == {"name": "b", "figures": {"fig1": {"note": "two", "size": [7, 3]}}}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("seeds=[1", "seeds = \"[1\": is not YAML (expected ',' or ']', but got '<stream end>')"),
        ("figures={fig1: {note: a #3}}", "figures = \"{fig1: {note: a #3}}\": is not YAML (expected ',' or '}',"),
        ('figures={fig1: {note: "\\ud83d"}}', "is not YAML ('\\ud83d' holds half of a character)"),
        ("models={a: {label: 1, label: 2}}", "is not YAML (the key 'label' is written twice)"),
        ("seeds=[\x07]", "is not YAML (unacceptable character #x0007: special characters are not allowed"),
    ],
)
def test_what_is_not_yaml_is_refused_with_the_key(entry, message):
    with pytest.raises(ConfigurationError) as refused:
        overrides([entry])
    assert str(refused.value).startswith(f"--config: {entry.partition('=')[0]} = ")
    assert message in str(refused.value)


@pytest.mark.parametrize("text", [text for text in LOOKS_LIKE if text[0] in "0123456789tny"])
def test_in_a_file_text_that_yaml_takes_for_something_else_is_refused_and_quotes_help(text, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(TINY.replace("name: tiny", f"name: '{text}'"), encoding="utf-8")
    taken_for_text = isinstance(yaml.safe_load(text), str | None)
    if " " not in text and ":" not in text:  # which a name does not hold
        assert load(schema.load_yaml(file)).name == text
    file.write_text(TINY.replace("name: tiny", f"name: {text}"), encoding="utf-8")
    if not taken_for_text:
        with pytest.raises(ConfigurationError, match="must be text; put it in quotes"):
            load(schema.load_yaml(file))


# -- as it is typed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    ['name="2024"', "name=2024", 'models={"mlp-w0.05": {"label": "512"}}', 'figures={fig1: {note: "12:30"}}',
     "figures={fig1: {note: '# 1_000: no'}}", "recipes={quick: {learning_rate: {mlp: 0.02}, crop: null}}"],
)  # fmt: skip
def test_snakemake_plans_with_such_a_value(fresh_checkout: Checkout, entry):
    assert "figure" in {rule for rule, _ in fresh_checkout.jobs("--config", entry)}


def test_a_value_of_the_command_line_that_is_not_yaml_ends_in_one_line(fresh_checkout: Checkout):
    called = fresh_checkout.snakemake("-n", "--cores", "1", "--config", "seeds=[0", "--", "figures/fig1.pdf")
    assert called.returncode == 1
    assert called.stderr.strip().splitlines()[-1].startswith('--config: seeds = "[0": is not YAML (')


def test_a_label_and_a_note_of_the_command_line_stand_in_the_figure(checkout: Checkout):
    """No training runs again; what was cut, read as mathematics or taken for a number stands there whole."""
    note = "Compare figure #3: $5, not $6, at 12:30."
    models = {"mlp-w0.05": {"label": "512"}, "alexnet-w0.1": {"label": "from $5 to $6"}}
    values = [f"models={json.dumps(models)}", f"figures={json.dumps({'fig1': {'note': note}})}"]
    jobs = checkout.run("--config", *values)
    assert {rule for rule, _ in jobs} <= {"figure", "publish"}
    assert (checkout / "figures/tiny/fig1.txt").read_text(encoding="utf-8").endswith(f"{note}\n")
    shown = pypdf.PdfReader(checkout / "figures/fig1.pdf").pages[0].extract_text()
    assert "from $5 to $6" in shown
    assert "512" in shown
    assert note.partition(",")[0] in shown
