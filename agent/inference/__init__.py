"""Steps and beliefs to items with probabilities."""
