"""Purchase propensity: the probability that a member buys from a category within the horizon."""
