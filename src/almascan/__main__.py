"""``python -m almascan`` and the console script."""

from almascan.cli import almascan


def main() -> None:
    """Run the command line."""
    almascan()


if __name__ == "__main__":
    main()
