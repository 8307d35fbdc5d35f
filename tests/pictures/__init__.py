"""Pictures of every page of the dashboard: ``python -m tests.pictures``."""
