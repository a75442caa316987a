"""Training data and recipes of what ships: the question adapter, the ranker, the model of sufficiency."""
