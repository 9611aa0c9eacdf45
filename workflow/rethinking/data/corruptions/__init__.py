"""The corruptions of paper section 2.1, one a module; `registry` lists them."""
