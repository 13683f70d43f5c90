"""What a service has answered and was told, safe on its disk until the lake takes it in. It knows no model."""
