"""The tracer: record what happened, keep it, show it."""
