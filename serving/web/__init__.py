"""What stands before every web server of the coach: the shapes of ASGI, bodies and addresses."""
