"""What measurements stand on: the product's processes, a load, a picture."""
