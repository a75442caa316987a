"""What is carried into an air-gapped place: one signed directory tree with program, models and corpus."""
