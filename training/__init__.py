"""What is learnt from the features: models, their evaluation, and the release that serves them."""
