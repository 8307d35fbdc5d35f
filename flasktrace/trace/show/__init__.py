"""Views: everything that shows a Trace."""
