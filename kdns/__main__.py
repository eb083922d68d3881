"""Run the command line as `python -m kdns`."""

from kdns.cli import main

if __name__ == "__main__":
    main()
