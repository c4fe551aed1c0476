"""`python -m hallmark_cli` is `hallmark`."""

from hallmark_cli.main import main

if __name__ == "__main__":
    main()
