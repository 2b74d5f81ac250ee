"""The ``coach`` command."""


def main() -> None:
    """Runs ``coach``."""
    from serving.cli.app import main

    main()
