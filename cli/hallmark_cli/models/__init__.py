"""`hallmark models`: add models and list them."""
