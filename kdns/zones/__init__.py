"""Static zones: read from master files, looked up by RFC 1034's rules."""
