"""What windows and verdicts say about a period, as data that a page can show."""
