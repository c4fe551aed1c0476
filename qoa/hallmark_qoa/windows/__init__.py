"""Windows: records folded into aggregates by time, and judged."""
