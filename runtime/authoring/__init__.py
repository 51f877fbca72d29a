"""What marketers write: checked, published, tried on oneself."""
