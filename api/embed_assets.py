#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed_assets.py OUT OPENAPI_YAML DIR: writes C++ that holds every file below DIR, and the OpenAPI document as JSON.

Run by the build; the server itself needs no Python.
"""
import hashlib
import json
import pathlib
import re
import sys

import yaml

TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2",
    ".json": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
}
PIECE = 8000  # a compiler may bound the length of one literal


def literal(content: bytes) -> str:
    pieces = []
    for at in range(0, max(len(content), 1), PIECE):
        pieces.append('"' + "".join(escaped(b) for b in content[at:at + PIECE]) + '"')
    return "\n    ".join(pieces)


def escaped(byte: int) -> str:
    if byte in (0x22, 0x5C, 0x3F) or byte < 0x20 or byte > 0x7E:
        return f"\\{byte:03o}"
    return chr(byte)


def asset(path: str, content: bytes) -> str:
    kind = TYPES.get(pathlib.PurePosixPath(path).suffix, "application/octet-stream")
    tag = hashlib.sha256(content).hexdigest()[:32]
    hashed = bool(re.search(r"[-.][A-Za-z0-9_]{8,}\.(js|css|woff2|svg|png)$", path)) and "/assets/" in path
    return (f'{{"{path}", "{kind}", "\\"{tag}\\"", {"true" if hashed else "false"},\n'
            f'    std::string_view({literal(content)}, {len(content)})}}')


def main() -> None:
    out, openapi = sys.argv[1], pathlib.Path(sys.argv[2])
    folder = pathlib.Path(sys.argv[3])
    if not (folder / "index.html").is_file():
        sys.exit(f"{folder} is missing or incomplete. Build the pages first: (cd {folder.parent} && npm ci && npm run build)")
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    described = json.dumps(yaml.safe_load(openapi.read_text()), separators=(",", ":")).encode()
    lines = ['#include "api/pages.hpp"', "", "namespace kalends::api {", "namespace {", ""]
    lines += [f"constexpr asset document = {asset('/openapi.json', described)};", ""]
    lines.append("constexpr asset files[] = {")
    lines += [asset("/" + p.relative_to(folder).as_posix(), p.read_bytes()) + "," for p in files]
    lines += ["};", ""]
    lines += ["} // namespace", "", "const asset& openapi_asset() { return document; }",
              "std::span<const asset> page_assets() { return files; }", "",
              "} // namespace kalends::api", ""]
    pathlib.Path(out).write_text("\n".join(lines))


main()
