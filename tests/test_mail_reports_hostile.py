"""Reports of a mail service as nobody should send them: whatever comes, no error of ours, and nothing untrue noted."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from anymail import urls as anymail_urls
from django.test import Client
from django.urls import include, path
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from outbox import webhooks
from outbox.content import message_id
from outbox.models import MailEvent, OutboxMail
from outbox.services import deliver
from rms_portal.urls import urlpatterns as portal
from tests import mail_reports
from tests.mail_reports import SECRET, basic
from tests.walk import ClientVisitor, ask

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
SERVICES = sorted(
    {str(found.name).rpartition("_tracking")[0] for found in anymail_urls.urlpatterns} - {""}
)
urlpatterns = [
    *portal,
    *(path("anymail/", include(webhooks.patterns(service))) for service in SERVICES),
]
TRACKING = {str(found.name): str(found.pattern) for found in anymail_urls.urlpatterns}
DEEP = "[" * 100_000
JUNK: tuple[tuple[str, bytes | str], ...] = (
    ("application/json", ""),
    ("application/json", "{"),
    ("application/json", "null"),
    ("application/json", "[null]"),
    ("application/json", "[[]]"),
    ("application/json", "[{}]"),
    ("application/json", "{}"),
    ("application/json", "1e400"),
    ("application/json", DEEP),
    ("application/json", '{"a":' * 100_000),
    ("application/json", b"\xff\xfe{}"),
    ("application/json", "x" * 3_000_000),
    ("application/xml", "<a/>"),
    ("text/plain", "{}"),
    ("multipart/form-data", "{}"),
    ("multipart/form-data; boundary=a", "--a\r\n\r\n--a--"),
    ("application/x-www-form-urlencoded", "mandrill_events=" + DEEP),
    ("application/x-www-form-urlencoded", "mandrill_events=[1]&a=%ff"),
    ("application/x-www-form-urlencoded", "&".join(f"a{n}=1" for n in range(5000))),
    ("", "{}"),
)


@pytest.fixture(autouse=True)
def services(settings: Any) -> None:
    keys = {f"{service.upper()}_WEBHOOK_KEY": "k" * 40 for service in SERVICES}
    settings.ANYMAIL = {
        **keys,
        "MAILGUN_WEBHOOK_SIGNING_KEY": mail_reports.SIGNING_KEY,
        "WEBHOOK_SECRET": [SECRET],
    }


def report(service: str, body: bytes | str, content_type: str = "application/json") -> int:
    place = TRACKING.get(f"{service}_tracking_webhook") or TRACKING[f"{service}_webhook"]
    answer = Client(raise_request_exception=False).post(
        f"/anymail/{place}", body, content_type=content_type, headers=basic()
    )
    return int(answer.status_code)


@pytest.fixture
def mail(client: Client) -> OutboxMail:
    ask(ClientVisitor(client), "anna@walkers.com")
    mail = OutboxMail.objects.get()
    deliver(mail.id)
    return mail


@pytest.mark.parametrize("service", SERVICES)
def test_junk_is_no_error_of_ours(service: str) -> None:
    for content_type, body in JUNK:
        assert report(service, body, content_type) < 500, (content_type, body[:40])
    assert not MailEvent.objects.exists()


values = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 2**70, 1e400, -1e400, float("nan"), "", "\0", "x" * 300, [], {}, [{}]]),
    st.text(max_size=5),
)


def places(body: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value of a report."""
    inner = (
        body.items()
        if isinstance(body, dict)
        else enumerate(body)
        if isinstance(body, list)
        else ()
    )
    return [way, *(place for key, value in inner for place in places(value, (*way, key)))]


def with_value(body: Any, way: tuple[Any, ...], value: Any) -> Any:
    if not way:
        return value
    changed = copy.copy(body)
    changed[way[0]] = with_value(body[way[0]], way[1:], value)
    return changed


@given(st.data())
@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_report_with_one_strange_value_is_no_error_of_ours(
    mail: OutboxMail, data: st.DataObject
) -> None:
    service = data.draw(st.sampled_from(["mailgun", "postmark"]))
    body = json.loads(getattr(mail_reports, service)(message_id(mail)))
    way = data.draw(st.sampled_from(places(body)))
    strange = json.dumps(with_value(body, way, data.draw(values)))
    assert report(service, strange) < 500, strange


def test_what_comes_late_does_not_bring_a_bounced_mail_back(mail: OutboxMail) -> None:
    assert report("mailgun", mail_reports.mailgun(message_id(mail))) == 200
    for event in ("delivered", "opened", "accepted"):
        assert report("mailgun", mail_reports.mailgun(message_id(mail), event, severity="")) == 200
    mail.refresh_from_db()
    assert mail.state == OutboxMail.State.BOUNCED


@pytest.mark.parametrize("number", range(3))
def test_a_signature_without_its_parts_is_none(mail: OutboxMail, number: int) -> None:
    body = json.loads(mail_reports.mailgun(message_id(mail)))
    del body["signature"][["timestamp", "token", "signature"][number]]
    assert report("mailgun", json.dumps(body)) == 400
    body["signature"] = "none"
    assert report("mailgun", json.dumps(body)) == 400
    assert not MailEvent.objects.exists()
