"""The columns of the data frames that figures and tables read, each with its unit.

Accuracies are in percent, errors fractions, losses in nats, times in seconds; "" is a name, a number of things or a
ratio. A frame has all of its columns, but for those of validation where no run holds images out,
or none has labels of two kinds for them. Of a regression accuracies and errors are empty, and losses
mean squared errors.
"""

from rethinking.outcomes.criteria import CRITERIA

# A run's names, in the order of its folder's path; those that its repetitions share.
RUN = ["dataset", "model", "corruption", "recipe", "seed"]
REPEATED = RUN[:-1]
# Names are text, and none of them a missing value: a class may be called 01, a data set NA.
TEXT = (*REPEATED, "True", "Predicted", "Measure", "Layer", "Shown", "Image", "Part", "Score", "Set")

_NAMES = dict.fromkeys(RUN, "")
_SCORES = {"TrainAccuracy": "%", "TrainLoss": "nats", "TestAccuracy": "%", "TestLoss": "nats"}
# Of the labels by which the recipe chooses; where the held-out images' labels were corrupted, of both kinds as well.
_CHOOSING = {"ValidationAccuracy": "%", "ValidationLoss": "nats"}
VALIDATION = {f"{column}{labels}": unit for labels in ("", "Given", "True") for column, unit in _CHOOSING.items()}

# One row a run. What is found at a fit is empty where the criterion was never met, what is found of validation where
# no images are held out; the columns after `censored` are those of the section's own criterion.
RUNS = {
    **_NAMES,
    "corruption_family": "",  # the corruption without its level, as the configuration calls it
    "level": "fraction",
    **dict.fromkeys(("num_parameters", "num_train", "num_test", "num_classes"), ""),
    "epochs_done": "epochs",
    **dict.fromkeys(("stopped_by", "precision", "device"), ""),
    "seconds": "s",
    **{
        f"{criterion}_{key}": unit
        for criterion in CRITERIA
        for key, unit in {"epoch": "epochs", "step": "steps", "seconds": "s", "test_error": "fraction"}.items()
    },
    "final_train_accuracy": "%",
    "final_train_loss": "nats",
    "final_test_accuracy": "%",
    "final_test_loss": "nats",
    "best_validation_epoch": "epochs",
    "best_validation_accuracy": "%",
    "best_validation_labels": "",  # true_labels or given_labels, where the held-out images' labels were corrupted
    "censored": "",
    "time_to_fit": "epochs",
    "test_error_at_fit": "fraction",
    "test_error_at_fit_corrupted": "fraction",
    "final_test_error": "fraction",
    "relative_time": "",
    "relative_time_bound": "",
    "test_accuracy_at_best": "%",
}

# One row an epoch of a run.
CURVES = {
    **_NAMES,
    **_SCORES,
    "EpochTime": "s",
    "Totaltime": "s",
    "Epoch": "epochs",
    "Step": "steps",
    "LearningRate": "",
    "OnlineTrainLoss": "nats",
    "OnlineTrainAccuracy": "%",
    **VALIDATION,
}

# One row an evaluation of a run; epochs are fractions within an epoch.
EVALUATIONS = {**_NAMES, "Epoch": "epochs", "Step": "steps", **_SCORES, **VALIDATION, "Seconds": "s"}

# One row a cell of a confusion matrix of a run.
CONFUSIONS = {**_NAMES, "Epoch": "epochs", "True": "", "Predicted": "", "Count": "images"}

# One row a measure and tensor of a run, "total" being all of these together; epoch 0 is before training.
MEASURES = {**_NAMES, "Epoch": "epochs", "Measure": "", "Layer": "", "Value": ""}

# One row every so many steps of a run: means since the row before.
STEPS = {**_NAMES, "Step": "steps", "Epoch": "epochs", "OnlineTrainLoss": "nats", "OnlineTrainAccuracy": "%"}

# One row an image that a trained network is shown and a reason to show it, of the first seed; the image is a PNG file
# in base64.
PREDICTIONS = {**_NAMES, "Shown": "", "Index": "", "True": "", "Predicted": "", "Confidence": "fraction", "Image": ""}

STRIP, MISTAKE = "one of each class", "most confident mistake"

# One row an evaluation and part of the training set of a run that keeps a ledger: uncorrupted or corrupted, by whether
# the label given is the true one.
LEARNED = {
    **_NAMES,
    "Epoch": "epochs",
    "Part": "",
    "Examples": "images",
    "GivenAccuracy": "%",
    "TrueAccuracy": "%",
    "GivenLoss": "nats",
    "Margin": "",
}

# Of such a run how well scores tell corrupted labels from others, by the last of the epochs that enter: the area under
# the curve, and the curve.
DETECTION = {**_NAMES, "Epoch": "epochs", "Score": "", "Auroc": ""}
ROC = {**_NAMES, "Epoch": "epochs", "Score": "", "FalsePositiveRate": "fraction", "TruePositiveRate": "fraction"}

# One row a run and measure of its trained network (outcomes/complexity.py).
COMPLEXITY = {**_NAMES, "Measure": "", "Value": ""}

# One row a point of a regression: those trained on, of epoch 0, then after some epochs those tested on. The input is
# empty where it is several numbers.
POINTS = {**_NAMES, "Epoch": "epochs", "Set": "", "Point": "", "Input": "", "Target": "", "Prediction": ""}

OF_SOME = ("measures", "points", "steps")  # frames of what a run leaves only where its recipe asks for it
FRAMES = {"runs": RUNS, "curves": CURVES, "evaluations": EVALUATIONS, "confusions": CONFUSIONS}
FRAMES |= {"measures": MEASURES, "points": POINTS, "steps": STEPS, "predictions": PREDICTIONS}
FRAMES |= {"complexity": COMPLEXITY, "learned": LEARNED, "detection": DETECTION, "roc": ROC}
