"""The project: settings, addresses, tasks, health. It knows every app; no app imports it."""

from rms_portal.celery import app as celery_app

__all__ = ["celery_app"]
