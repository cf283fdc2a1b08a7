"""How gunicorn serves the portal. It reads the portal's own settings; it has none of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

try:
    _host = f"[{settings.LISTEN}]" if ":" in settings.LISTEN else settings.LISTEN
except ImproperlyConfigured as refusal:
    sys.exit(str(refusal))

bind = f"{_host}:{settings.PORT}"
worker_class = "gthread"
workers = settings.WEB_PROCESSES
threads = settings.WEB_THREADS
timeout = 60
# What is being answered is finished: longer than anything takes, shorter than compose's stop_grace_period.
graceful_timeout = 20
keepalive = 5
# A heartbeat on a slow disk would get a healthy process killed.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True
# Whose forwarding headers count is TRUSTED_PROXIES, decided by the portal's middleware alone.
forwarded_allow_ips = ""
# Paths hold tokens: the portal writes its own line for each request, and redacts what goes wrong.
accesslog = None
errorlog = "-"
logconfig_dict = {
    **settings.LOGGING,
    "loggers": {
        **settings.LOGGING["loggers"],
        "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"handlers": [], "propagate": False},
    },
}


def post_worker_init(worker: object) -> None:
    """Only a process that serves has the applications loaded."""
    from rms_portal.keys import check_at_start  # noqa: PLC0415

    check_at_start()
