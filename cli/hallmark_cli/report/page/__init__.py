"""The story of a period as one page of HTML."""
