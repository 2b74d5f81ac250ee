"""The REST interface: parses requests and renders what the use cases give."""
