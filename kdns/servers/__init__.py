"""Sockets: datagrams and streams in, whatever `respond` says out. No DNS beyond framing."""
