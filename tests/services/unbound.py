"""Unbound: a real resolver, which finds the zones of a test at the servers that it is told."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from tests.services import programs
from tests.services.waiting import PATIENCE, until

CONFIGURATION = """
server:
    interface: {address}@{port}
    access-control: 127.0.0.0/8 allow
    do-not-query-localhost: no
    do-ip6: no
    directory: "{folder}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    num-threads: 1
    module-config: "iterator"
remote-control:
    control-enable: no
{zones}
"""
ZONE = """
stub-zone:
    name: "{zone}"
"""


@contextmanager
def unbound(zones: Mapping[str, Sequence[str]], *, address: str, port: int) -> Iterator[None]:
    """Resolves names of `zones` (name → addresses of servers, on the same port) until the block ends."""
    program = programs.need("Unbound")
    with tempfile.TemporaryDirectory(prefix="rms-unbound-") as folder:
        configuration = Path(folder) / "unbound.conf"
        stubs = (
            ZONE.format(zone=zone)
            + "".join(f"    stub-addr: {server}@{port}\n" for server in servers)
            for zone, servers in zones.items()
        )
        configuration.write_text(
            CONFIGURATION.format(address=address, port=port, folder=folder, zones="".join(stubs))
        )
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, "-d", "-c", configuration],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            until(
                lambda: _answers(address, port) or process.poll() is not None,
                what="Unbound",
            )
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _answers(address: str, port: int) -> bool:
    query = dns.message.make_query("localhost", "A")
    try:
        return bool(dns.query.udp(query, address, timeout=0.2, port=port).answer)
    except (dns.exception.DNSException, OSError):
        return False
