"""Metrics: what quality is measured by."""
