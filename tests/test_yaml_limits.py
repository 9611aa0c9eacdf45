"""YAML that stands for more than it looks like, and values that are too long to be shown."""

import pytest
from test_bad_configuration import changed, extending, load, refusal_of_file
from tiny_workflow import TINY

from rethinking.config import Configuration
from rethinking.overrides import overrides
from rethinking.schema import ConfigurationError, load_yaml

BOMB = "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
ENDLESS = "is not YAML (it stands for more than 100,000 values: one alias is in others again and again)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, ENDLESS),
        (
            "a: &a [*a]\n",
            "is not YAML (it stands for more than 100,000 values: one alias is in others again and again)",
        ),
        ("a: " + "[" * 5000 + "]" * 5000, "is nested too deeply"),
        ("a: " + "{a: " * 5000 + "}" * 5000, "is nested too deeply"),
    ],
)
def test_yaml_without_end_is_refused_at_once_in_files_and_on_the_command_line(text, message, tmp_path):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        load_yaml(tmp_path / "mine.yaml")
    assert str(refused.value) == f"{tmp_path}/mine.yaml: {message}"
    with pytest.raises(ConfigurationError, match=r"^--config: models = "):
        overrides([f"models={{{text}}}" if "\n" not in text else "models=" + text.partition(": ")[2]])


def test_aliases_as_people_use_them_are_fine(tmp_path):
    (tmp_path / "mine.yaml").write_text("a: &a {b: 1}\n" + "".join(f"c{i}: *a\n" for i in range(1000)))
    assert len(load_yaml(tmp_path / "mine.yaml")) == 1001


def test_a_long_value_is_shown_as_far_as_it_helps():
    with pytest.raises(ConfigurationError) as refused:
        load(changed("seeds", "x" * 5_000_000))
    assert len(str(refused.value)) < 500
    assert "… (5,000,002 characters): must be a list" in str(refused.value)


@pytest.mark.parametrize("place", ["recipes", "models", "datasets", "corruptions"])
def test_a_name_too_long_for_a_path_is_refused_before_anything_is_made(place):
    entry = {
        "models": {"factory": "alexnet"},
        "datasets": {"extends": "digits"},
        "corruptions": {"family": "random_pixels"},
    }
    with pytest.raises(ConfigurationError, match="must be at most 100 letters") as refused:
        load(changed(f"{place}/{'n' * 101}", entry.get(place, {"extends": "quick"})))
    assert str(refused.value).startswith(f"config/mine.yaml: {place}.nnn")
    load(changed(f"{place}/{'n' * 100}", entry.get(place, {"extends": "quick"})))


@pytest.mark.parametrize("address", ["https://me:secret@host/data", "http://token@host", "https://me:secret@host"])
def test_a_password_in_an_address_is_refused_and_not_repeated(address):
    with pytest.raises(ConfigurationError, match=r"data_dir: holds a password.*netrc") as refused:
        load(changed("data_dir", address))
    assert "secret" not in str(refused.value)
    urls = {"mine": {"extends": "cifar10", "files": {"a.tar.gz": {"urls": [address], "bytes": 1, "md5": "0" * 32}}}}
    with pytest.raises(ConfigurationError, match="without a password"):
        load(changed("datasets", urls))


@pytest.mark.parametrize(
    ("path", "value", "most"),
    [
        ("recipes/quick/epochs", 10**7, 1_000_000),
        ("recipes/quick/batch_size", 10**30, 1_000_000_000),
        ("recipes/quick/evaluations_per_epoch", 10**12, 10_000),
        ("recipes/quick/resize", 10**5, 10_000),
        ("datasets/digits-50/image_size", 10**5, 10_000),
        ("models/mlp-w0.05/width", 1e9, 100),
        ("figures/fig1/size", [1e9, 3], 100),
    ],
)
def test_sizes_that_no_machine_computes_with_are_refused(path, value, most):
    with pytest.raises(ConfigurationError, match=rf"{path.split('/')[-1]}.* = .*: must be at most {most}$"):
        load(changed(path, value))


def test_a_whole_number_that_is_more_than_any_float_is_no_number():
    with pytest.raises(ConfigurationError, match=r"learning_rate\.mlp = 10{299}… \(401 characters\): must be a number"):
        load(changed("recipes/quick/learning_rate", {"mlp": 10**400}))


@pytest.mark.parametrize(("text", "shown"), [("1" * 5000, "1{300}… .5,000 characters."), ("!!timestamp soon", "soon")])
def test_what_yaml_cannot_make_a_value_of_is_told_with_its_line(text, shown, tmp_path):
    (tmp_path / "mine.yaml").write_text(f"name: tiny\nseeds:\n- {text}\n")
    with pytest.raises(ConfigurationError, match=rf"mine\.yaml:3: '{shown}' cannot be read \("):
        Configuration.load(tmp_path / "mine.yaml")


@pytest.mark.parametrize("place", ["x" * 5000, "~nobody-of-this-name/data"])
def test_a_path_that_no_file_system_has_is_refused(place):
    with pytest.raises(ConfigurationError, match=r"data_dir = .*: is no usable path \("):
        load(changed("data_dir", place))
    with pytest.raises(ConfigurationError, match=r"datasets\.mine\.path = .*: is no usable path \("):
        load(changed("datasets", {"mine": {"reader": "image_folder", "path": place}}))


def test_an_at_sign_further_on_in_an_address_is_no_password():
    assert load(changed("data_dir", "https://host/a@b")).data_dir == "https://host/a@b"


@pytest.mark.parametrize("address", ["http://", "https:///data", "http:// /data"])
def test_an_address_without_a_host_is_refused(address):
    with pytest.raises(ConfigurationError, match=f'data_dir = "{address}": is an address without a host$'):
        load(changed("data_dir", address))


def test_a_fault_that_an_extending_file_causes_names_both(tmp_path):
    file = extending(tmp_path, mine="extends: base.yaml\nmodels: {mlp-w0.05: {factory: nin_224}}\n")
    message = refusal_of_file(file)
    assert message.startswith(f"{tmp_path}/base.yaml (which {file} extends): figures.fig1.panels.corruption_levels")
    assert "mlp-w0.05" in message
    assert "mlp-w0.05" in TINY
