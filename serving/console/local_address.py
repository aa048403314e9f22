"""Where a page may lead on to: the console's own addresses, never another host's."""

from __future__ import annotations

from urllib.parse import urlsplit

HOME = "/console"


def local_address(wanted: str) -> str:
    """The wanted address when it is one of the console, else its first page."""
    parts = urlsplit(wanted)
    is_ours = parts.path == HOME or parts.path.startswith(HOME + "/")
    # browsers read a backslash as a slash, and drop control characters
    is_plain = "\\" not in wanted and wanted.isprintable() and "//" not in parts.path and ".." not in parts.path
    return wanted if is_ours and is_plain and not parts.scheme and not parts.netloc else HOME
