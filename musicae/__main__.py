"""`python -m musicae`."""

from musicae.cli.app import main

if __name__ == "__main__":
    main()
