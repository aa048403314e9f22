"""A release: the models, maps and product matrix that serve together, and the members' rows that go with them."""
