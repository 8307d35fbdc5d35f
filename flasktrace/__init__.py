"""A web framework in the shape of Flask 0.1, and a tracer that shows what a request did."""

__version__ = "0.1.0"
