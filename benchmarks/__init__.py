"""How fast it is: every figure a ratio of two things measured alternately in one run (`make bench`)."""
