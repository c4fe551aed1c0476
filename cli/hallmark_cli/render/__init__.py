"""Answers and records as text for a terminal."""
