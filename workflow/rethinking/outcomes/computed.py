"""The columns of data frames that are computed without a training, and their units."""

# One row a network that is built and not trained (theorem 1).
EXPRESSIVITY = {
    "construction": "",
    "points": "points",
    "dimensions": "",
    "num_weights": "",
    "width": "units",
    "largest_error": "",
    "labels_lost": "points",
    "seconds": "s",
    "memory": "MB",
    "equal_points_left_out": "points",
}

# One row a network and the images that it is trained on.
ARCHITECTURES = {
    **dict.fromkeys(("dataset", "model", "recipe", "Input"), ""),
    **dict.fromkeys(("Parameters", "MultiplyAdds", "Activations"), ""),
}

# One row a kernel, labels and l2 (section 5). l2 is in units of the matrix's mean diagonal.
KERNELS = {
    "kernel": "",
    "label": "",
    "dataset": "",
    "dataset_label": "",
    "features": "",
    "whole": "",
    "corruption": "",
    "num_train": "images",
    "num_test": "images",
    "bandwidth": "",
    "l2": "",
    "best_l2": "",
    "held_out_error": "fraction",
    "train_error": "fraction",
    "test_error": "fraction",
    "norm": "",
    "residual": "",
    "jitter": "",
    "steps": "steps",
    "smallest_eigenvalue": "",
    "largest_eigenvalue": "",
    "seconds": "s",
    "gram_seconds": "s",
    "memory": "MB",
    "paper_error": "%",
    "paper_l2_error": "%",
    "paper_norm": "",
}
# Which of them has the paper's error, by the regulariser: none, or the best l2 above 0.
PAPER_ERRORS = {"none": "paper_error", "best": "paper_l2_error"}

# One row a seed, labels and number of random features, empty of infinitely many (the second descent).
RANDOM_FEATURES = {
    "seed": "",
    "corruption": "",
    "num_train": "images",
    "num_test": "images",
    "features": "",
    "changed": "fraction",
    "train_error": "fraction",
    "test_error": "fraction",
    "train_squared_error": "",
    "test_squared_error": "",
    "norm": "",
    "dataset_label": "",
    "equal_images_left_out": "images",
}

# One row a method and epoch (where gradient descent ends among linear models); the last epoch has the Hessian's.
IMPLICIT_REGULARISATION = {
    "method": "",
    "epoch": "epochs",
    "steps": "steps",
    "distance": "",
    "distance_to_end": "",
    "residual": "",
    "hessian_rank": "",
    "hessian_difference": "",
    "images": "images",
    "values": "",
    "rank": "",
}
