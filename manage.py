#!/usr/bin/env python
"""Runs Django's management commands for this installation."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from rms_portal import environment
from rms_portal.installation import make_state


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
    if sys.argv[1:2] == ["restore"]:
        # The first thing that is done on a new machine, before there is any state.
        env = environment.read(environment.BASE_DIR)
        make_state(env, environment.var_dir(env, environment.BASE_DIR))
    try:
        settings.INSTALLED_APPS  # noqa: B018 -- Django itself goes on without settings, to fail later
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
