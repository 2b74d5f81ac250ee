"""``python -m serving.cli`` is ``coach``."""

from serving.cli import main

if __name__ == "__main__":
    main()
