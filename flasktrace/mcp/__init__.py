"""Stored traces for programs that speak the Model Context Protocol: read only, bounded."""
