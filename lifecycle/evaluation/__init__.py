"""What a model is worth: predictions for unseen rows, metrics with intervals, where it is weak, whom it beats. It decides and draws nothing."""
