"""`/metrics`: for this machine, and for whoever has METRICS_TOKEN."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from rms_portal.environment import is_loopback
from rms_portal.metrics.files import standing_still
from rms_portal.metrics.gauges import DatabaseGauges, SchedulerGauge
from rms_portal.middleware import came_directly

BEARER = "Bearer "
REFUSAL = (
    "Metrics are for this machine. From elsewhere, send the METRICS_TOKEN of the installation as "
    "`Authorization: Bearer …`.\n"
)
_database_gauges = DatabaseGauges()
_scheduler_gauge = SchedulerGauge()


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Counts only, nothing about anybody. 403 for others, whatever there is."""
    if not _may_read(request):
        return HttpResponse(REFUSAL, status=403, content_type="text/plain; charset=utf-8")
    return HttpResponse(_text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    if settings.METRICS_TOKEN and given.startswith(BEARER):
        return constant_time_compare(given.removeprefix(BEARER), settings.METRICS_TOKEN)
    return came_directly(request) and is_loopback(request.META.get("REMOTE_ADDR", ""))


def _text() -> bytes:
    registry = CollectorRegistry()
    registry.register(_database_gauges)
    registry.register(_scheduler_gauge)
    with standing_still() as folder:
        MultiProcessCollector(registry, str(folder))
        return generate_latest(registry)
