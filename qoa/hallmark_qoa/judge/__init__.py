"""Judge: what was promised against what was observed, what is to blame, and what proves it."""
