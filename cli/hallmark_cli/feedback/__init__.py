"""`hallmark feedback`: what really happened."""
