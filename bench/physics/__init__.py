"""Load cells, plates, rooms and hands: what a shelf does to a count. Formulas and figures after physics.md."""
