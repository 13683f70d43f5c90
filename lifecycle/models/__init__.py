"""What models are made of: encoders, estimators, pipelines, calibration. It knows neither how they are chosen nor how they are judged."""
