"""`python -m rethinking COMMAND …`: every stage of the pipeline, callable by hand."""

import importlib
import sys

COMMANDS = {
    "list": "what there is: models, datasets, corruptions, recipes, experiments, figures, tables, measures, files",
    "summary": "a network layer by layer: output shapes, parameters, multiply-adds",
    "train": "one run by its names; its data are made where they are missing",
    "download": "a data set's original files, from a folder or from mirrors (called by the rule of that name)",
    "prepare": "a data set's original files to .npy (called by the rule of that name)",
    "split": "indices of the validation set that a seed holds out (called by the rule of that name)",
    "corrupt": "a corruption of a prepared data set (called by the rules corrupt_labels and corrupt_pixels)",
    "aggregate": "the runs of a figure or table to data frames (called by the rule of that name)",
    "confusions": "the runs' confusion matrices to a data frame (called by the rule of that name)",
    "transitions": "what class noise makes of the labels of each class (called by the rule of that name)",
    "gather": "the runs' measures, points or steps to a data frame (called by the rule of that name)",
    "predictions": "what trained networks say of test images, to a data frame (called by the rule of that name)",
    "ledger": "the runs' ledgers to data frames (called by the rule of that name)",
    "complexity_of_run": "a trained network's norms, margin and sharpness (called by the rule of that name)",
    "complexity": "these of several runs to a data frame (called by the rule of that name)",
    "sizes": "the networks' sizes to a table (called by the rule of that name)",
    "architectures": "networks' sizes at the images that they are trained on (called by the rule of that name)",
    "kernel": "a kernel model by its name: its parameters chosen, its matrix made, its solutions found",
    "kernel_choice": "a kernel's parameters by held-out training images (called by the rule of that name)",
    "kernel_gram": "a kernel's matrix, by blocks (called by the rule of that name)",
    "kernel_solution": "a kernel model without and with a regulariser (called by the rule of that name)",
    "kernel_frame": "all kernels' solutions to a data frame (called by the rule of that name)",
    "implicit_regularisation": "where SGD from zero and from a random start, and Adam, end among linear models",
    "random_features": "least squares on random features, from few to many times the images",
    "expressivity": "networks that fit any labels without a training (theorem 1), of growing size",
    "figure": "tables to a figure (called by the rule of that name)",
    "animation": "tables to the animation of a figure (called by the rule of that name)",
    "table": "data frames to a table (called by the rule of that name)",
    "page": "all of a configuration on one page (called by the rule of that name); alone: of what is recorded",
    "record": "what has run, as small files to keep: docs/results/<name>/",
    "status": "which runs are done, running, waiting, failed, and what is left; --watch says it again and again",
    "evaluate": "the saved network of a run on its data, or on others: accuracy, loss, confusion matrix",
    "export": "runs in the form of other programs: TensorBoard's event files, a network as a state dict or ONNX",
    "campaign": "Snakemake for so many minutes; all that has finished in one archive at any time",
    "samples": "some images of a data set, or the pixels of one (called by the rules samples and values)",
    "picture": "these to a figure (called by the rule of that name)",
    "clean": "free saved states, or the runs made by hand",
    "accept": "accept existing results after a change of code that alters no number",
}
# What people call too: the module that they call, and the option by which a rule's call is known.
BY_HAND = {
    "train": ("by_hand", "--run"),
    "expressivity": ("expressivity_by_hand", "--job"),
    "implicit_regularisation": ("implicit_regularisation_by_hand", "--job"),
    "random_features": ("random_features_by_hand", "--job"),
}


def main(argv: list[str]) -> int:
    """Run a command; return the exit code. A fault that is the user's to mend is printed without a traceback."""
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: python -m rethinking COMMAND [--help | options]\n")
        print("\n".join(f"  {name:<24} {meaning}" for name, meaning in COMMANDS.items()))
        return 0 if argv else 2
    command, options = argv[0], argv[1:]
    if command not in COMMANDS:
        from rethinking.registry import nearest

        print(f"unknown command {command!r}; {nearest(command, COMMANDS)}", file=sys.stderr)
        return 2
    # A rule hands on what a job depends on, a person names; the latter needs every stage before it as well.
    by_hand, of_rule = BY_HAND.get(command, (command, ""))
    module = command if any(each.startswith(of_rule) for each in options) else by_hand
    try:
        importlib.import_module(f"rethinking.stages.{module}").main(options)
    except (ValueError, OSError) as error:
        print(f"error: {error}{raised_elsewhere(error)}", file=sys.stderr)
        return 1
    except MemoryError as error:
        print(f"error: this machine has too little memory: {error}", file=sys.stderr)
        return 1
    return 0


def raised_elsewhere(error: Exception) -> str:
    """Where this package was when NumPy or another raised a ValueError in it, whose words name no file or line."""
    import traceback  # not above, where the working folder is still searched

    root = __file__.removesuffix("__main__.py")
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(root)]
    if not isinstance(error, ValueError) or not ours:
        return ""
    if frames[-1] is ours[-1] and (ours[-1].line or "").startswith("raise "):
        return ""
    return f" ({ours[-1].filename.removeprefix(root)}, line {ours[-1].lineno})"


def console() -> int:
    """The command `rethinking` of an installed package."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the working folder: what lies there is no module of ours, whatever its name
    sys.exit(main(sys.argv[1:]))
