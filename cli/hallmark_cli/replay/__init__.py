"""`hallmark replay`: drive held-out requests."""
