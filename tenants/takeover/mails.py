"""What the people of a domain are told by mail."""

from __future__ import annotations

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from audit.spelling import shown_domain
from outbox.content import MailContent, writes
from outbox.models import OutboxMail
from tenants.models import Takeover, TakeoverNotice, User

Stage = TakeoverNotice.Stage


@writes("tenants.takeover")
def takeover(mail: OutboxMail) -> MailContent:
    notice = TakeoverNotice.objects.select_related("takeover").get(id=mail.context["notice"])
    heading, paragraphs = sentences(notice)
    return MailContent(
        subject=heading,
        heading=heading,
        paragraphs=paragraphs,
        after=[
            _(
                "You do not have to do anything. If this surprises you, ask your IT department, or whoever runs this service."
            )
        ],
    )


def sentences(notice: TakeoverNotice) -> tuple[str, list[str]]:
    """A heading and what is to be said, for mails and pages."""
    who = {"who": _person(notice), "organisation": notice.organisation}
    who |= {"domain": shown_domain(notice.domain_name), "product": settings.PRODUCT_NAME}
    match notice.stage:
        case Stage.ASKED:
            return _asked(who)
        case Stage.PROVEN:
            return _proven(who)
        case Stage.TAKEN:
            return _taken(notice, who)
        case _:
            return _ended(notice, who)


def _asked(who: dict[str, str]) -> tuple[str, list[str]]:
    return _("Somebody wants to administer your organisation"), [
        _(
            "%(who)s wants to become the administrator of your organisation at %(product)s, and asked for the DNS record that proves its domain. Nothing has changed yet."
        )
        % who,
        _(
            "Whoever can publish that record governs who may sign up and which plans there are. What you protected stays yours."
        ),
    ]


def _proven(who: dict[str, str]) -> tuple[str, list[str]]:
    return _("Another organisation proved %(domain)s") % who, [
        _(
            "The organisation %(organisation)s has shown by a DNS record that it controls %(domain)s. It may take over the accounts of that domain at %(product)s. Nothing has changed yet."
        )
        % who,
    ]


def _taken(notice: TakeoverNotice, who: dict[str, str]) -> tuple[str, list[str]]:
    if notice.person_id:
        heading = _("Your organisation has an administrator now")
        first = _("%(who)s proved your organisation's domain and administers it now.") % who
    else:
        heading = _("%(organisation)s administers your account now") % who
        first = (
            _(
                "The accounts of %(domain)s belong to the organisation %(organisation)s now, which administers them."
            )
            % who
        )
    return heading, [
        first,
        _("Your account, your password and what you protected are as before."),
        *_limits(notice.takeover),
    ]


def _limits(takeover: Takeover | None) -> list[str]:
    if (
        takeover is None
        or not takeover.limited_until
        or (takeover.done_at and takeover.limited_until <= takeover.done_at)
    ):
        return []
    return [
        _(
            "Until %(date)s (UTC), nobody of the organisation can delete your account or reset how you sign in."
        )
        % {"date": date_format(localtime(takeover.limited_until), "DATETIME_FORMAT")}
    ]


def _ended(notice: TakeoverNotice, who: dict[str, str]) -> tuple[str, list[str]]:
    if notice.organisation:
        first = _("%(organisation)s does not administer the accounts of %(domain)s any more.") % who
    else:
        first = _("Your organisation has no administrator any more.")
    return _("A takeover was undone"), [
        first,
        _("Your account, your password and what you protected are as before."),
    ]


def _person(notice: TakeoverNotice) -> str:
    person = User.objects.filter(pk=notice.person_id).first() if notice.person_id else None
    return (
        str(person.email) if person and person.email and not person.is_erased else _("A colleague")
    )
