#!/usr/bin/env python
"""Runs Django's management commands for this installation."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
    try:
        settings.INSTALLED_APPS  # noqa: B018 -- Django itself goes on without settings, to fail later
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
