"""`make golden`: write the golden numbers anew, after a change that is meant to alter some. `git diff` shows which."""

import sys

import proof

if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    for name, cases in proof.parts().items():
        proof.write(name, cases)
