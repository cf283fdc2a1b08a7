"""Knot DNS: a real name server for the zones of a test."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests.services import programs
from tests.services.waiting import PATIENCE, until

CONFIGURATION = """
server:
    rundir: "{folder}"
    listen: {address}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{folder}"
template:
  - id: default
    storage: "{folder}"
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: none
zone:
{zones}
"""


@contextmanager
def knot(zones: Mapping[str, str], *, address: str, port: int) -> Iterator[None]:
    """Serves `zones` (name → text of the zone file, without SOA) until the block ends."""
    program = programs.need("Knot DNS")
    with tempfile.TemporaryDirectory(prefix="rms-knot-") as name:
        folder = Path(name)
        for zone, text in zones.items():
            soa = f"@ 60 SOA ns.{zone}. hostmaster.{zone}. 1 60 60 60 60\n"
            (folder / f"{zone}.zone").write_text(f"$ORIGIN {zone}.\n$TTL 60\n{soa}{text}")
        configuration = folder / "knot.conf"
        configuration.write_text(
            CONFIGURATION.format(
                folder=folder,
                address=address,
                port=port,
                zones="\n".join(f"  - domain: {zone}" for zone in zones),
            )
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [program, "-c", configuration], stdout=log, stderr=log, start_new_session=True
            )
        try:
            up = lambda: _answers(next(iter(zones)), address, port) or process.poll() is not None  # noqa: E731
            until(up, what="Knot DNS")
            assert process.poll() is None, (folder / "log").read_text()
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _answers(zone: str, address: str, port: int) -> bool:
    query = dns.message.make_query(zone, "SOA")
    try:
        return bool(dns.query.udp(query, address, timeout=0.2, port=port).answer)
    except (dns.exception.DNSException, OSError):
        return False
