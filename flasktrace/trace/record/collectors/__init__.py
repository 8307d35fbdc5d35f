"""What else is told of a request: its log records, its queries; a file for each source."""
