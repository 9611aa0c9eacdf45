"""The corruptions of paper section 2.1, one module a family; `registry` lists them."""
