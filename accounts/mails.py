"""Mails about signing in. A reset link gets its token when the mail is handed over, never before."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from outbox import links
from outbox.content import Button, MailContent, writes
from outbox.models import OutboxMail
from tenants.models import FactorReset, User
from tenants.selectors import user_by_address
from tenants.standing import mailbox_proof


def asked(mail: OutboxMail) -> str:
    """When and with which browser the mail was asked for."""
    when = date_format(localtime(mail.created_at), "DATETIME_FORMAT")
    browser = mail.context.get("browser")
    if not browser:
        return _("Asked for on %(when)s (UTC).") % {"when": when}
    return _("Asked for on %(when)s (UTC) with %(browser)s.") % {"when": when, "browser": browser}


def happened(mail: OutboxMail) -> str:
    """When and with which browser it was done."""
    when = date_format(localtime(mail.created_at), "DATETIME_FORMAT")
    browser = mail.context.get("browser")
    if not browser:
        return _("This was on %(when)s (UTC).") % {"when": when}
    return _("This was on %(when)s (UTC) with %(browser)s.") % {"when": when, "browser": browser}


@writes("accounts.password_reset")
def password_reset(mail: OutboxMail) -> MailContent:
    user = User.objects.get(id=mail.context["user"])
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    path = reverse(
        "account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": token}
    )
    return MailContent(
        subject=_("Choose a new password for %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Choose a new password"),
        paragraphs=[
            _("Somebody, probably you, asked for a new password for %(address)s.")
            % {"address": user.email}
        ],
        button=Button(_("Choose a new password"), f"{settings.PUBLIC_URL}{path}"),
        after=[
            _("The button works for one hour."),
            asked(mail),
            _(
                "If you did not ask for this, you need not do anything: your password stays as it is."
            ),
        ],
    )


@writes("accounts.no_account")
def no_account(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("No account with this address at %(product)s")
        % {"product": settings.PRODUCT_NAME},
        heading=_("There is no account yet"),
        paragraphs=[
            _(
                "Somebody, probably you, asked for a new password for %(address)s, but there is no account with this address. You can sign up with it."
            )
            % {"address": mail.to_address}
        ],
        button=Button(_("Sign up"), f"{settings.PUBLIC_URL}{reverse('signup:sign_up')}"),
        after=[asked(mail), _("If you did not ask for this, you need not do anything.")],
    )


def held(mail: OutboxMail, *, not_me: Button | None = None) -> MailContent:
    """For whom an operator has switched off: the administrators of their organisation cannot help."""
    support = {"support": settings.SUPPORT_EMAIL}
    return MailContent(
        subject=_("Your account for %(product)s is switched off")
        % {"product": settings.PRODUCT_NAME},
        heading=_("Your account is switched off"),
        paragraphs=[
            _(
                "Somebody, probably you, asked for an account or a new password for %(address)s. Whoever runs this service has switched the account of this address off, and your organisation cannot switch it on again."
            )
            % {"address": mail.to_address},
            _("To know why, write to %(support)s.") % support
            if settings.SUPPORT_EMAIL
            else _("To know why, ask whoever runs this service."),
        ],
        after=[asked(mail), _("If you did not ask for this, you need not do anything.")],
        not_me=not_me,
    )


@writes("accounts.not_active")
def not_active(mail: OutboxMail) -> MailContent:
    user = user_by_address(mail.to_address)
    if user and user.held_at:
        return held(mail)
    return MailContent(
        subject=_("Ask your administrator about %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Your administrator can help"),
        paragraphs=[
            _(
                "Somebody, probably you, asked for a new password for %(address)s. This account has been switched off by an administrator. Ask your IT department about it."
            )
            % {"address": mail.to_address}
        ],
        after=[asked(mail), _("If you did not ask for this, you need not do anything.")],
    )


@writes("accounts.prove_mailbox")
def prove_mailbox(mail: OutboxMail) -> MailContent:
    user = User.objects.get(id=mail.context["user"])
    token = links.token_for_sending(mail.links.get())
    path = reverse("prove_mailbox", args=(token,))
    after = [
        _("The button works for 24 hours, on any device."),
        _("If it is too old, sign in: the page offers you a new mail."),
    ]
    if mail.context.get("was_asked_for"):
        after += [asked(mail), _("If you did not ask for this, you need not do anything.")]
    return MailContent(
        subject=_("Confirm your mailbox for %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Is this still your mailbox?"),
        paragraphs=[
            _(
                "You have an account for %(address)s. From time to time we ask whether the mailbox is still yours, so that nobody who has left an organisation goes on opening its files."
            )
            % {"address": user.email},
            _until_when(user),
        ],
        button=Button(_("Yes, this is my mailbox"), f"{settings.PUBLIC_URL}{path}"),
        after=after,
    )


def _until_when(user: User) -> str:
    proof = mailbox_proof(user, now=timezone.now())
    if proof is None or proof.due_at is None or proof.is_over:
        return _("Press the button and sign in. Until you do, no protected file opens.")
    due = date_format(localtime(proof.due_at), "DATE_FORMAT")
    return _(
        "Press the button and sign in, before %(date)s. From then on no protected file opens until you do."
    ) % {"date": due}


# allauth's template prefix → kind of mail; the sentence that the notice tells.
NOTICES: dict[str, str] = {}


def _notice(prefix: str, sentence: Promise | str) -> None:
    kind = f"accounts.notice.{prefix.rpartition('/')[2]}"
    NOTICES[prefix] = kind
    writes(kind)(_notice_writer(sentence))


def _notice_writer(sentence: Promise | str) -> Callable[[OutboxMail], MailContent]:
    def write(mail: OutboxMail) -> MailContent:
        return MailContent(
            subject=_("Your account at %(product)s was changed")
            % {"product": settings.PRODUCT_NAME},
            heading=_("Your account was changed"),
            paragraphs=[str(sentence) % {"address": mail.to_address}],
            button=Button(_("See your account"), f"{settings.PUBLIC_URL}{reverse('account')}"),
            after=[
                happened(mail),
                _(
                    "If this was not you, choose a new password at once and end your other sessions."
                ),
            ],
        )

    return write


_notice("account/email/password_changed", gettext_lazy("The password of %(address)s was changed."))
_notice(
    "account/email/password_reset",
    gettext_lazy("The password of %(address)s was replaced by way of a link in a mail."),
)
_notice("account/email/password_set", gettext_lazy("A password was set for %(address)s."))
_notice(
    "mfa/email/totp_activated", gettext_lazy("An authenticator app was set up for %(address)s.")
)
_notice(
    "mfa/email/totp_deactivated", gettext_lazy("The authenticator app of %(address)s was removed.")
)
_notice(
    "mfa/email/recovery_codes_generated",
    gettext_lazy("New recovery codes were made for %(address)s."),
)
_notice(
    "mfa/email/webauthn_added", gettext_lazy("A passkey or security key was added to %(address)s.")
)
_notice(
    "mfa/email/webauthn_removed",
    gettext_lazy("A passkey or security key of %(address)s was removed."),
)


@writes("accounts.notice.second_factors_reset")
def second_factors_reset(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("Your account at %(product)s was changed") % {"product": settings.PRODUCT_NAME},
        heading=_("Your second factors were reset"),
        paragraphs=[
            _(
                "Whoever administers your organisation, or runs this service, has removed the passkeys, the authenticator app and the recovery codes of %(address)s, and ended all sessions. Sign in with your password: you are asked for a new one, of 15 characters or more. Then set your factors up anew."
            )
            % {"address": mail.to_address}
        ],
        button=Button(_("Sign in"), f"{settings.PUBLIC_URL}{reverse('account_login')}"),
        after=[_("If you did not ask for this, choose a new password at once.")],
    )


@writes("accounts.factors_reset_asked")
def factors_reset_asked(mail: OutboxMail) -> MailContent:
    reset = FactorReset.objects.select_related("user", "asked_by").get(id=mail.context["request"])
    page = reverse("admin:tenants_factorreset_change", args=(reset.pk,))
    return MailContent(
        subject=_("A reset waits for you at %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Second factors of an administrator"),
        paragraphs=[
            _(
                "%(asking)s asks to reset the second factors of %(address)s, who administers your organisation. It needs somebody else to confirm it."
            )
            % {"asking": reset.asked_by, "address": reset.user},
            _("Ask %(address)s first, by telephone or in person, whether phone and key are lost.")
            % {"address": reset.user},
        ],
        button=Button(_("See the request"), f"{settings.PUBLIC_URL}{page}"),
        after=[_("After three days it has to be asked for again.")],
    )


@writes("accounts.notice.factors_reset_asked")
def own_factors_reset_asked(mail: OutboxMail) -> MailContent:
    reset = FactorReset.objects.select_related("asked_by").get(id=mail.context["request"])
    return MailContent(
        subject=_("A reset of your second factors was asked for"),
        heading=_("A reset of your second factors was asked for"),
        paragraphs=[
            _(
                "%(asking)s asked to remove the passkeys, the authenticator app and the recovery codes of %(address)s. Another administrator, or whoever runs this service, has to confirm it."
            )
            % {"asking": reset.asked_by, "address": mail.to_address}
        ],
        after=[
            _(
                "If you still have your second factors, tell the other administrators at once: somebody may be trying to get into your account."
            )
        ],
    )


@writes("accounts.new_browser")
def new_browser(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("New sign-in at %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Signed in with a new browser"),
        paragraphs=[
            _(
                "Somebody, probably you, signed in as %(address)s with a browser that was not used for it before."
            )
            % {"address": mail.to_address}
        ],
        button=Button(
            _("See where you are signed in"),
            f"{settings.PUBLIC_URL}{reverse('usersessions_list')}",
        ),
        after=[
            happened(mail),
            _("If this was not you, sign out everywhere and choose a new password at once."),
        ],
    )


@writes("accounts.wrong_codes")
def wrong_codes(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("Wrong codes for your account at %(product)s")
        % {"product": settings.PRODUCT_NAME},
        heading=_("Somebody types wrong codes"),
        paragraphs=[
            _(
                "Somebody typed the password of %(address)s and then many wrong codes. If this was not you, somebody knows your password."
            )
            % {"address": mail.to_address}
        ],
        button=Button(
            _("Choose a new password"),
            f"{settings.PUBLIC_URL}{reverse('account_reset_password')}",
        ),
        after=[happened(mail), _("With a new password you can type codes again at once.")],
    )


@writes("accounts.new_address")
def new_address(mail: OutboxMail) -> MailContent:
    token = links.token_for_sending(links.in_mail(mail, "accounts.new_address"))
    return MailContent(
        subject=_("Confirm your new address for %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Is this your new address?"),
        paragraphs=[
            _("Somebody, probably you, wants %(address)s to be the address of their account.")
            % {"address": mail.to_address}
        ],
        button=Button(
            _("Yes, this is my new address"),
            f"{settings.PUBLIC_URL}{reverse('new_address', args=(token,))}",
        ),
        after=[
            _(
                "The button works for 24 hours, for whoever is signed in to the account. Until it is pressed, nothing changes."
            ),
            asked(mail),
            _("If this was not you, you need not do anything."),
        ],
    )


@writes("accounts.address_taken")
def address_taken(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("Your address at %(product)s stays yours") % {"product": settings.PRODUCT_NAME},
        heading=_("This address is taken"),
        paragraphs=[
            _(
                "Somebody, perhaps you, wanted %(address)s to be the address of their account, but it belongs to another account or group here. Nothing was changed."
            )
            % {"address": mail.to_address}
        ],
        after=[
            asked(mail),
            _(
                "If this was you, and you need one of two accounts no more: close it first, or ask your administrator."
            ),
        ],
    )
