"""Training: the loop, the optimiser, when to stop, what is saved."""
