"""What is taken of a trained network's weights and kept (analysis/complexity.py); what is made of it: complexity.py."""

MEASURED = (
    "frobenius_norm", "distance_from_initialisation", "spectral_product", "path_norm", "margin", "hessian_eigenvalue",
)  # fmt: skip
