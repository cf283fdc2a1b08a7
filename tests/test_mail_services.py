"""Mail through a mail service: what the environment says reaches django-anymail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.settings import BASE_DIR

PROGRAM = (
    "import json; from django.conf import settings; from django.core.mail import get_connection; "
    "connection = get_connection(); "
    "print(json.dumps([type(connection).__module__, settings.ANYMAIL, settings.MAIL_IS_SENT]))"
)


def test_anymail_is_set_up_from_the_environment(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": "",
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": "k" * 64,
        "DJANGO_SETTINGS_MODULE": "rms_portal.settings",
        "ANYMAIL_ESP": "mailgun",
        "ANYMAIL_MAILGUN_API_KEY": "key",
        "MAIL_FROM": "no-reply@rights.example.com",
    }
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    backend, options, is_sent = json.loads(answer.stdout)
    assert backend == "anymail.backends.mailgun"
    assert options == {"MAILGUN_API_KEY": "key"}
    assert is_sent is True
