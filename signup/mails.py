"""What the mails of sign-up say. Nothing in them was typed by whoever asked, but the address itself."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.mails import asked, held
from audit.spelling import shown_domain
from outbox import links
from outbox.content import Button, MailContent, writes
from outbox.models import OutboxMail
from signup.flows import invite
from signup.flows.request import CONFIRM, NOT_ME
from tenants.selectors import user_by_address


def _organisation(mail: OutboxMail) -> str:
    return shown_domain(mail.to_address.rpartition("@")[2])


def _link(mail: OutboxMail, purpose: str, label: str, view: str) -> Button:
    token = links.token_for_sending(links.in_mail(mail, purpose))
    return Button(label, f"{settings.PUBLIC_URL}{reverse(view, args=(token,))}")


def _page(label: str, view: str) -> Button:
    return Button(label, f"{settings.PUBLIC_URL}{reverse(view)}")


def _not_me(mail: OutboxMail) -> Button:
    return _link(mail, NOT_ME, _("This was not me"), "signup:not_me")


@writes("signup.confirm")
def confirm(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("Finish signing up for %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Is this your mailbox?"),
        paragraphs=[
            _("Somebody, probably you, wants to open protected files with %(address)s.")
            % {"address": mail.to_address},
            _("Press the button to choose a password and finish signing up. It takes a minute."),
        ],
        button=_link(mail, CONFIRM, _("Yes, that's me"), "signup:confirm"),
        after=[
            _("The button works for 24 hours, on any device."),
            asked(mail),
            _(
                "If you did not ask for this, you need not do anything: there is no account without you."
            ),
        ],
        not_me=_not_me(mail),
    )


@writes("signup.add_plan")
def add_plan(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("Finish signing up for %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Add protected files to your account"),
        paragraphs=[
            _(
                "You have an account for %(address)s. Press the button and sign in, and it opens protected files."
            )
            % {"address": mail.to_address},
        ],
        button=_link(mail, CONFIRM, _("Yes, that's me"), "signup:confirm"),
        after=[
            _("The button works for 24 hours, on any device."),
            asked(mail),
            _("If you did not ask for this, you need not do anything."),
        ],
        not_me=_not_me(mail),
    )


@writes("signup.already_registered")
def already_registered(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("You already have an account for %(product)s")
        % {"product": settings.PRODUCT_NAME},
        heading=_("You already have an account"),
        paragraphs=[
            _(
                "Somebody, probably you, wanted to sign up with %(address)s, which has an account already. Sign in with it to open protected files."
            )
            % {"address": mail.to_address},
            _("If you do not know the password any more, choose a new one from the sign-in page."),
        ],
        button=_page(_("Sign in"), "account_login"),
        after=[asked(mail), _("If you did not ask for this, you need not do anything.")],
        not_me=_not_me(mail),
    )


@writes("signup.sign_in")
def sign_in(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("Sign in to %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Your organisation has a plan"),
        paragraphs=[
            _(
                "You need not sign up: %(organisation)s has a plan that opens protected files, and you have an account there for %(address)s. Sign in with it."
            )
            % {"organisation": _organisation(mail), "address": mail.to_address},
        ],
        button=_page(_("Sign in"), "account_login"),
        after=[asked(mail), _("If you did not ask for this, you need not do anything.")],
        not_me=_not_me(mail),
    )


@writes("signup.ask_administrator")
def ask_administrator(mail: OutboxMail) -> MailContent:
    user = user_by_address(mail.to_address)
    if user and user.held_at:
        return held(mail, not_me=_not_me(mail))
    return MailContent(
        subject=_("Ask your administrator about %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Your administrator can help"),
        paragraphs=[
            _(
                "Somebody, probably you, wanted to sign up with %(address)s. The administrators of %(organisation)s decide who has an account there. Ask your IT department for one."
            )
            % {"organisation": _organisation(mail), "address": mail.to_address},
        ],
        after=[asked(mail), _("If you did not ask for this, you need not do anything.")],
        not_me=_not_me(mail),
    )


@writes(invite.KIND)
def invitation(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("You have an account for %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("An account was made for you"),
        paragraphs=[
            _(
                "Those who administer %(organisation)s have made an account for %(address)s, which opens protected files."
            )
            % {"organisation": _organisation(mail), "address": mail.to_address},
            _("Press the button to choose a password. It takes a minute."),
        ],
        button=_link(mail, invite.PURPOSE, _("Choose a password"), "signup:invitation"),
        after=[
            _("The button works for 24 hours, on any device."),
            _("If it is too old, the page behind it sends you a new mail."),
        ],
    )
