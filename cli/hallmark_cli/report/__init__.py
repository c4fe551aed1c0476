"""`hallmark report`: windows of time, as text, as JSON and as a page."""
