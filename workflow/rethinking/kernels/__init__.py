"""Kernel models without and with a regulariser: features, Gram matrices by blocks, exact solutions (section 5)."""
