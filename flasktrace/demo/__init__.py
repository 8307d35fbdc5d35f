"""A small shop to look at with the tracer, and a visitor who uses it."""
