"""Settings of the tests: the product's own, with secrets of their own and state in a temporary place."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0123456789abcdef" * 4)
# Whoever runs the tests may have a .env for an installation of their own.
os.environ["ENV_FILE"] = ""
_state = tempfile.TemporaryDirectory(prefix="rms-tests-")
# Processes that run tests side by side inherit the first one's environment, but count limits for themselves.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if os.environ.get("STATE_OF_WORKER", "") != _worker:
    os.environ["STATE_OF_WORKER"], os.environ["VAR_DIR"] = _worker, _state.name
os.environ.setdefault("VAR_DIR", _state.name)

from rms_portal.installation import make_folders
from rms_portal.settings import *  # noqa: F403
from rms_portal.settings import DATABASES, STATIC_ROOT, STORAGES, VAR_DIR

# Without them the broker is away, and for some seconds after a mail nobody is told of anything.
make_folders(VAR_DIR)
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["tests.hashers.QuickHasher"]
# On PostgreSQL, a database that was migrated can be copied instead of migrating another one.
if "TEST_TEMPLATE" in os.environ:
    DATABASES["default"]["TEST"] = {"TEMPLATE": os.environ["TEST_TEMPLATE"]}
