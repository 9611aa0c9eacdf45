"""Images and labels as NumPy arrays: where they come from, how they are cut, corrupted and whitened."""
