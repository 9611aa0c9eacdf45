"""Reproduction of Zhang et al. (ICLR 2017), "Understanding deep learning requires rethinking generalization"."""
