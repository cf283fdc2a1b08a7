"""What happens around every request: whose address it is, its id, its line in the log."""

from __future__ import annotations

import ipaddress
import logging
import re
import time
import uuid
from collections.abc import Callable
from functools import cache, partial

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse

from audit import origin
from rms_portal.metrics import counts

logger = logging.getLogger("rms_portal.requests")
GetResponse = Callable[[HttpRequest], HttpResponse]
FORWARDED_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
# Any of these tells that somebody passed the request on.
SIGNS_OF_A_PROXY = (*FORWARDED_HEADERS, "HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP")
CAME_DIRECTLY = "rms_portal.came_directly"
REQUEST_ID = re.compile(r"[A-Za-z0-9._{}-]{8,80}")
# Some proxies add the client's port: `192.0.2.7:4711`, `[2001:db8::7]:4711`.
HOP = re.compile(r"\[(?P<v6>[^\]]+)\](?::[0-9]+)?|(?P<v4>[0-9.]+):[0-9]+|(?P<bare>.*)", re.ASCII)
SESSION_KEY_FORM = re.compile(r"[0-9a-z]+")
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@cache
def _networks(proxies: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(proxy) for proxy in proxies]


def parse_hop(text: str) -> IpAddress | None:
    """The address that a proxy wrote down, an IPv4 one as such; None for `unknown` and other words."""
    found = HOP.fullmatch(text.strip())
    try:
        parsed = ipaddress.ip_address(
            (found and (found["v6"] or found["v4"] or found["bare"])) or ""
        )
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        # A zone (`%eth0`) means something on that proxy's machine alone.
        return parsed.ipv4_mapped or ipaddress.IPv6Address(int(parsed))
    return parsed


def is_trusted_proxy(address: str) -> bool:
    parsed = parse_hop(address)
    return parsed is not None and any(
        parsed in network for network in _networks(tuple(settings.TRUSTED_PROXIES))
    )


def came_directly(request: HttpRequest) -> bool:
    """Whether the address of the request is that of whoever sent it, with nobody between."""
    return bool(request.META.get(CAME_DIRECTLY))


class ClientAddressMiddleware:
    """REMOTE_ADDR becomes the client's address: the last one that no trusted proxy has.

    Forwarding headers from anybody else are removed, so that nothing behind this believes them. Where a
    proxy names its client by what is no address, the proxy stands for it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_from_proxy = is_trusted_proxy(request.META.get("REMOTE_ADDR", ""))
        request.META[CAME_DIRECTLY] = not is_from_proxy and not any(
            sign in request.META for sign in SIGNS_OF_A_PROXY
        )
        if is_from_proxy:
            hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            for hop in reversed([hop for hop in hops if hop]):
                address = parse_hop(hop)
                if address is None:
                    break
                request.META["REMOTE_ADDR"] = str(address)
                if not is_trusted_proxy(hop):
                    break
        else:
            for header in FORWARDED_HEADERS:
                request.META.pop(header, None)
        return self.get_response(request)


def _user_id(request: HttpRequest) -> str:
    """Who is signed in, where the session has been read already: a line of the log reads nothing."""
    read = vars(getattr(request, "session", None) or object).get("_session_cache", {})
    return str(read.get(SESSION_KEY, ""))


class RequestLogMiddleware:
    """Gives the request its id, and writes one line: the route, never the path (it may hold a token)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request.META[origin.KEPT_AS] = self._request_id(request)
        started = time.monotonic()
        with origin.of_request(
            request_id=request_id,
            address=request.META.get("REMOTE_ADDR", ""),
            user_id=partial(_user_id, request),
        ):
            response = self.get_response(request)
            self._log(request, response, time.monotonic() - started)
        response["X-Request-ID"] = request_id
        return response

    @staticmethod
    def _log(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        match = request.resolver_match
        route = f"/{match.route}" if match else "(no route)"
        counts.request_answered(
            method=request.method, route=route, status=response.status_code, seconds=seconds
        )
        logger.info(
            "%s %s %s %.1fms",
            request.method,
            route,
            response.status_code,
            seconds * 1000,
            extra={
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "duration_ms": round(seconds * 1000, 1),
            },
        )

    @staticmethod
    def _request_id(request: HttpRequest) -> str:
        """A trusted proxy's own id goes on; anybody else's is replaced."""
        given: str = request.META.get("HTTP_X_REQUEST_ID", "")
        is_forwarded = "HTTP_X_FORWARDED_FOR" in request.META
        return given if is_forwarded and REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


class SessionKeyMiddleware:
    """Drops what is no session's key: a quoted cookie can hold characters that PostgreSQL does not take."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not SESSION_KEY_FORM.fullmatch(request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        return self.get_response(request)
