"""What operators see: metrics and probes over HTTP. Values in, pages out; measures nothing itself."""
