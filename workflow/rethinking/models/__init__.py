"""The networks of the paper and of the studies around it, one family a module; `registry` names them."""
