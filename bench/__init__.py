"""The figures of docs/numbers.md, measured on this machine."""
