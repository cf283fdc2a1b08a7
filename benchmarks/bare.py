"""The floor: a bare Django view that reads three rows and commits two, and does nothing else.

Served by the product's own gunicorn settings, on a table of its own in the same database.
"""

from __future__ import annotations

import os
import uuid
from typing import ClassVar

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.bare_settings")

from django.core.wsgi import get_wsgi_application

# Before the model: it needs the settings.
application = get_wsgi_application()

from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone


class Row(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=254, unique=True)
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Row]] = models.Manager()

    class Meta:
        app_label = "bare"
        db_table = "bare_row"

    def __str__(self) -> str:
        return self.name


def view(request: HttpRequest) -> HttpResponse:
    rows = [Row.objects.get(name=f"row-{number}") for number in range(3)]
    with transaction.atomic():
        for _ in range(2):
            Row.objects.create(name=f"{rows[0].name} {uuid.uuid4()}")
    return HttpResponse(status=302, headers={"Location": "/", "Content-Length": "0"})


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("", view), path("healthz", healthz)]
