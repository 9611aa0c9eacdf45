"""The networks of the paper, one family a module; `registry` names them."""
