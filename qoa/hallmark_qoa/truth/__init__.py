"""Truth: what really happened, as it is told."""
