"""Fits the repository's `haproxy.cfg` to web processes on Unix sockets of this machine."""

import re
from collections.abc import Mapping
from pathlib import Path

# The one line that finds the web processes by DNS
BY_DNS = re.compile(r"^(?P<indent> +)server-template .*$", re.MULTILINE)


def with_servers(config: str, sockets: Mapping[str, Path]) -> str:
    """The configuration with one server per socket in place of those found by DNS."""
    servers = "\n".join(f"    server {name} unix@{path}" for name, path in sockets.items())
    fitted, found = BY_DNS.subn(servers.replace("\\", "\\\\"), config)
    if found != 1:
        raise ValueError("haproxy.cfg must have one server-template line, which this replaces.")
    return fitted
