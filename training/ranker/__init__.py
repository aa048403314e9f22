"""The learnt ranker: from what is known of a member and a product to how likely the member buys it this week."""
