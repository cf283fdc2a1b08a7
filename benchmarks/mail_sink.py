"""A mail server that takes everything at once and notes when: a process of its own, as a mail server is.

`python -m benchmarks.mail_sink PORT FILE` appends a line with the time and the Message-ID of each mail.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import IO

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


async def session(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, file: IO[str]
) -> None:
    writer.write(b"220 sink\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        if verb == b"DATA":
            writer.write(b"354 go on\r\n")
            message = await reader.readuntil(b"\r\n.\r\n")
            note(message, file)
        writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 OK\r\n")
        await writer.drain()
        if verb == b"QUIT":
            break
    writer.close()


def note(message: bytes, file: IO[str]) -> None:
    found = MESSAGE_ID.search(message)
    file.write(f"{time.time()} {found[1].decode() if found else '-'}\n")


async def main(port: int, path: Path) -> None:
    with path.open("a", buffering=1) as file:
        server = await asyncio.start_server(
            lambda reader, writer: session(reader, writer, file), "127.0.0.1", port
        )
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
