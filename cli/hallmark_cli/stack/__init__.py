"""`hallmark stack`: the services together with the real parts around them."""
