"""`python -m rethinking summary`: the lecture's shapes, totals, variants, and what it refuses."""

import re
from pathlib import Path

import pytest
import yaml

from rethinking.__main__ import main
from rethinking.models.registry import MODELS


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["summary", *options]) == 0
    return capsys.readouterr().out


def refusal(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["summary", *options]) == 1
    return capsys.readouterr().err


def shapes(text: str) -> list[str]:
    """The column of output shapes, equal neighbours once."""
    column = [row[2] for row in map(re.compile(r" {2,}").split, map(str.strip, text.splitlines()[2:])) if len(row) == 5]
    return [shape for shape, before in zip(column, [None, *column], strict=False) if shape != before]


# The lecture's printed shapes, in order; what a summary has between them (other branches, say) is not in its list.
LECTURE = {
    "alexnet_224": "96x54x54 96x26x26 256x26x26 256x12x12 384x12x12 256x12x12 256x5x5 6400 4096 10",
    "vgg_224": "64x112x112 128x56x56 256x28x28 512x14x14 512x7x7 25088 4096 10",
    "nin_224": "96x54x54 96x26x26 256x26x26 256x12x12 384x12x12 384x5x5 10x5x5 10x1x1 10",
    "googlenet_96": "64x24x24 192x12x12 480x6x6 832x3x3 1024x1x1 1024 10",
    "resnet18_224": "64x112x112 64x56x56 128x28x28 256x14x14 512x7x7 512x1x1 512 10",
    "densenet_224": "64x56x56 192x56x56 96x28x28 224x28x28 112x14x14 240x14x14 120x7x7 248x7x7 248x1x1 248 10",
}


@pytest.mark.parametrize(("name", "expected"), LECTURE.items())
def test_shapes_of_the_lectures_networks_come_in_its_order(name, expected, capsys):
    found = iter(shapes(printed(capsys, "--model", name)))
    assert [shape for shape in expected.split() if shape not in found] == []  # each one after those before it


@pytest.mark.parametrize("name", ["alexnet_224", "vgg_224", "nin_224"])
def test_a_network_without_branches_has_the_lectures_shapes_and_few_others(name, capsys):
    others = set(shapes(printed(capsys, "--model", name))) - set(LECTURE[name].split())
    # VGG's are those before its pools, which the lecture's list of blocks leaves out.
    before_pools = {"64x224x224", "128x112x112", "256x56x56", "512x28x28"}
    assert others == (before_pools if name == "vgg_224" else set())


@pytest.mark.parametrize("name", MODELS)
def test_totals_are_the_registrys(name, capsys):
    entry, text = MODELS[name], printed(capsys, "--model", name)
    lines = text.splitlines()
    total = next(line for line in lines if line.startswith("total"))
    assert total.split() == ["total", f"{entry.parameters:,}", f"{entry.multiply_adds:,}"]
    layers = [line.split() for line in lines[2 : lines.index(total)]]
    for place, whole in ((-2, entry.parameters), (-1, entry.multiply_adds)):
        assert sum(int(row[place].replace(",", "")) for row in layers if len(row) == 5 and row[place] != "-") == whole


def test_another_input_and_number_of_classes_are_counted(capsys):
    text = printed(capsys, "--model", "nin_224", "--input", "1x224x224")
    assert "1,992,166 trainable parameters" in text
    text = printed(capsys, "--model", "mlp_1x512", "--input", "3x28x28", "--classes", "1000")
    assert f"{2352 * 512 + 512 + 512 * 1000 + 1000:,} trainable parameters" in text
    assert printed(capsys, "--model", "lenet", "--input", "3x28x28").rsplit("\n\n")[1].startswith("44,726 trainable")


def test_a_block_has_the_shape_of_its_output_and_its_layers_below_it(capsys):
    lines = printed(capsys, "--model", "resnet18").splitlines()
    (block,) = [line for line in lines if line.startswith("features.5 ")]
    assert block.split() == ["features.5", "BasicBlock", "128x16x16"]
    assert lines[lines.index(block) + 1].startswith("  features.5.residual.0")


def test_variants_of_a_configuration_are_summarised(capsys, tmp_path):
    mine = yaml.safe_load((Path(__file__).parents[1] / "config/config.yaml").read_text())
    mine["models"]["resnet-d"] = {"factory": "resnet18", "stem": True, "shortcut": "average_pool"}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine))
    text = printed(capsys, "--model", "resnet-d", "--configfile", str(tmp_path / "mine.yaml"), "--input", "3x224x224")
    assert "AvgPool2d" in text
    assert "64x56x56" in text
    assert printed(capsys, "--model", "inception-w0.25") != printed(capsys, "--model", "inception")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "alexnett"], "--model = alexnett: unknown model; did you mean 'alexnet'?"),
        (["--model", "vgg"], "--model = vgg: unknown model; did you mean 'vgg_224'?"),
        (["--model", "alexnet", "--input", "3x224"],
         "--input = 3x224: must be channels, height and width, as in 3x224x224"),
        (["--model", "alexnet", "--input", "3x0x8"], "--input = 3x0x8: must be channels, height and width"),
        (["--model", "alexnet", "--input", "3×28×28"], "--input = 3×28×28: must be channels, height and width"),
        (["--model", "alexnet", "--input", ""], "--input = : must be channels, height and width"),
        (["--model", "vgg_224", "--input", "3x31x224"], "vgg_224 takes images of at least 32x32 pixels, not 31x224"),
        (["--model", "alexnet", "--classes", "0"], "--classes = 0: must be at least 1"),
        (["--model", "toy_regression", "--input", "3x8x8"],
         "--input = 3x8x8: toy_regression takes numbers and does not classify"),
        (["--model", "toy_regression", "--classes", "2"],
         "--classes = 2: toy_regression takes numbers and does not classify"),
    ],
)  # fmt: skip
def test_a_bad_question_is_answered_with_what_would_be_right(options, message, capsys):
    assert refusal(capsys, *options).startswith(f"error: {message}")
