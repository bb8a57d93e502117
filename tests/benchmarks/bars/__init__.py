"""The seven bars of docs/performance.md, one module each."""
