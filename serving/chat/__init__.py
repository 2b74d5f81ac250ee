"""The door that people talk to: Chainlit's page, what guards it, and what it shows."""
