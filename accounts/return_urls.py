"""Where a page may send people on to: this site, and the hosts that the operator allowed."""

from __future__ import annotations

import re

from django.conf import settings
from django.utils.http import url_has_allowed_host_and_scheme

# A path of this site, or a whole address: what browsers make of anything else, they disagree on.
FORM = re.compile(r"/(?![/\\])|https?://[^/\\]", re.IGNORECASE)


def safe_return_url(url: str) -> str:
    """`url` where it leads to this site or a host that the operator allowed; else nothing."""
    own = settings.PUBLIC_URL.split("://", 1)[1]
    allowed = {own, *settings.RETURN_URL_HOSTS}
    is_local = url.startswith("/")
    if (
        len(url) <= 2000
        and url.isprintable()
        and FORM.match(url)
        and url_has_allowed_host_and_scheme(
            url, allowed_hosts=allowed, require_https=not is_local and not own.startswith("127.")
        )
    ):
        return url
    return ""
