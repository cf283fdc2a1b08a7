"""One POST to one address: no redirects, no cookies, nothing read but the status, over within 15 seconds."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping

from feed.addresses import Target, addresses_of, target_of

CONNECT_SECONDS = 5.0
# From the first octet sent to the last one read. A server that answers a little at a time gets no longer.
IN_ALL_SECONDS = 15.0
MOST_ADDRESSES = 3
# What opening and asking raise for whatever the other side does: ValueError for what is no HTTP.
FAILURES = (OSError, http.client.HTTPException, ValueError)


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer. Raises one of FAILURES, NotAWebhookAddress or AddressNotAllowed."""
    target = target_of(url)
    connection = _connected(target, addresses_of(target)[:MOST_ADDRESSES])
    with contextlib.closing(connection):
        connection.request(
            "POST", target.path, body=body, headers={**headers, "Host": target.authority}
        )
        return connection.getresponse().status


class _Connection(http.client.HTTPConnection):
    """To an address that was looked at, in the name of the target's host."""

    def __init__(self, target: Target, address: str) -> None:
        super().__init__(target.host, target.port, timeout=CONNECT_SECONDS)
        self._target, self._address = target, address
        self._ending = contextlib.ExitStack()

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self._target.port), CONNECT_SECONDS)
        self._end_in_time(plain.dup())
        plain.settimeout(IN_ALL_SECONDS)
        self.sock = self._secured(plain) if self._target.is_https else plain

    def close(self) -> None:
        super().close()
        self._ending.close()

    def _secured(self, plain: socket.socket) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        try:
            return context.wrap_socket(plain, server_hostname=self._target.host)
        except FAILURES:
            plain.close()
            raise

    def _end_in_time(self, handle: socket.socket) -> None:
        """A time-out of a socket is for one answer of the system; this is for all of them, also of TLS."""
        watch = threading.Timer(IN_ALL_SECONDS, _shut, (handle,))
        watch.daemon = True
        watch.start()
        self._ending.enter_context(contextlib.closing(handle))
        self._ending.callback(watch.cancel)


def _shut(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


def _connected(target: Target, addresses: list[str]) -> _Connection:
    """To the first address that can be reached."""
    failure: Exception = OSError("the name has no address")
    for address in addresses:
        connection = _Connection(target, address)
        try:
            connection.connect()
        except FAILURES as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure
