"""From signals to a Trace."""
