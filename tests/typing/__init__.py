"""The types that checkers infer for the tests of a user. `nox -s lint` checks them."""
