"""The coach for MCP clients. Only ``adapter.py`` and ``transports.py`` know the SDK."""
