"""Which predictions a trace store is to keep, whatever its sampling."""
