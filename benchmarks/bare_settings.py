"""The product's settings, without everything that the bare view does without."""

from __future__ import annotations

from rms_portal.settings import *  # noqa: F403

INSTALLED_APPS = []
MIDDLEWARE = []
TEMPLATES = []
ROOT_URLCONF = "benchmarks.bare"
AUTH_USER_MODEL = "auth.User"
