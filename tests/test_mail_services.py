"""Mail through a mail service: what the environment says reaches django-anymail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.settings import BASE_DIR

PROGRAM = """
import json
import django
from django.conf import settings
django.setup()
from django.core.mail import get_connection
from django.urls import get_resolver
options, is_sent = settings.ANYMAIL, settings.MAIL_IS_SENT
addresses = [str(found.pattern) for group in get_resolver().url_patterns
             if str(group.pattern) == "anymail/" for found in group.url_patterns]
print(json.dumps([type(get_connection()).__module__, options, is_sent, addresses]))
"""


def started(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": "",
        "VAR_DIR": str(folder),
        "SECRET_KEY": "k" * 64,
        "DJANGO_SETTINGS_MODULE": "rms_portal.settings",
        "MAIL_FROM": "no-reply@rights.example.com",
        **settings,
    }
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_anymail_is_set_up_from_the_environment(tmp_path: Path) -> None:
    answer = started(tmp_path, ANYMAIL_ESP="mailgun", ANYMAIL_MAILGUN_API_KEY="key")
    backend, options, is_sent, addresses = json.loads(answer.stdout)
    assert backend == "anymail.backends.mailgun"
    assert options == {"MAILGUN_API_KEY": "key", "IGNORE_UNSUPPORTED_FEATURES": True}
    assert is_sent is True
    assert addresses == [], "Without a secret nobody's reports are taken."


def test_with_a_secret_the_reports_of_that_service_are_taken_and_no_others(tmp_path: Path) -> None:
    answer = started(
        tmp_path,
        ANYMAIL_ESP="postmark",
        ANYMAIL_POSTMARK_SERVER_TOKEN="token",
        ANYMAIL_WEBHOOK_SECRET=f"reports:{'n' * 32},reports:{'o' * 32}",
    )
    _, options, _, addresses = json.loads(answer.stdout)
    assert options["WEBHOOK_SECRET"] == [f"reports:{'n' * 32}", f"reports:{'o' * 32}"]
    assert addresses == ["postmark/tracking/"]


@pytest.mark.parametrize(
    "settings",
    [
        {"EMAIL_URL": "smtp://127.0.0.1:25", "ANYMAIL_WEBHOOK_SECRET": f"reports:{'n' * 32}"},
        {"ANYMAIL_ESP": "mailgun", "ANYMAIL_WEBHOOK_SECRET": "reports:short"},
        {"ANYMAIL_ESP": "mailgun", "ANYMAIL_WEBHOOK_SECRET": "n" * 32},
    ],
)
def test_a_secret_that_protects_nothing_is_refused_at_the_start(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    answer = started(tmp_path, **settings)
    assert answer.returncode != 0
    assert "ANYMAIL_WEBHOOK_SECRET" in answer.stderr.splitlines()[-1]
