"""`make run`: everything for the main job on one machine, in one foreground process tree."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from rms_portal import environment
from rms_portal.installation import FIRST_OPERATOR_PASSWORD_FILE, make_state
from rms_portal.supervisor import Supervisor

CELERY = (sys.executable, "-m", "celery", "--quiet", "--app", "rms_portal")
COMMANDS = {
    "web": (sys.executable, "-m", "gunicorn", "rms_portal.wsgi"),
    # Threads, because a worker with child processes takes twice as long to end after Ctrl-C.
    "worker": (*CELERY, "worker", "--pool=threads", "--without-gossip", "--without-mingle"),
    "scheduler": (*CELERY, "beat", "--pidfile="),
}
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- read from LISTEN, not listened on


def main() -> int | str:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
    base_dir = environment.BASE_DIR
    env = environment.read(base_dir)
    make_state(env, environment.var_dir(env, base_dir))
    try:
        if not _is_free(settings.LISTEN, settings.PORT):
            return (
                f"Something else is listening on {settings.LISTEN} port {settings.PORT}. "
                "Stop it, or choose another port: make run PORT=8001"
            )
    except ImproperlyConfigured as refusal:
        return str(refusal)
    prepared = subprocess.run([sys.executable, "manage.py", "prepare"], cwd=base_dir, check=False)
    if prepared.returncode:
        return prepared.returncode
    os.chdir(base_dir)
    return Supervisor(COMMANDS, os.environ).run(is_ready=_answers, on_ready=_greet)


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _answers() -> bool:
    host = ANYWHERE.get(settings.LISTEN, settings.LISTEN)
    shown = f"[{host}]" if ":" in host else host
    try:
        with urlopen(f"http://{shown}:{settings.PORT}/healthz", timeout=2):
            return True
    except (URLError, OSError):
        return False


def _greet() -> None:
    lines = ["", f"  {settings.PRODUCT_NAME} is ready at {settings.PUBLIC_URL}/"]
    if not settings.MAIL_IS_SENT:
        lines += [f"  Mail does not leave this machine: read it at {settings.PUBLIC_URL}/dev/mail/"]
    password = settings.VAR_DIR / FIRST_OPERATOR_PASSWORD_FILE
    if password.exists():
        lines += [
            f"  Administration: {settings.PUBLIC_URL}/admin/ as {settings.OPERATOR_EMAIL},",
            f"  with the password in {password}",
        ]
    print(*lines, "  Ctrl-C ends it.", "", sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
