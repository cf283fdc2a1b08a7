from __future__ import annotations

import datetime as dt

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts import sessions
from accounts.session_store import SessionStore
from audit.services import record
from outbox.services import enqueue
from tenants.access import Power, require
from tenants.models import User


@transaction.atomic
def change_profile(
    *, user: User, first_name: str, last_name: str, acting_user: User | None
) -> None:
    same = User.objects.filter(pk=user.pk)
    before = same.select_for_update().values("first_name", "last_name").get()
    same.update(first_name=first_name, last_name=last_name)
    record(
        action="user.profile_changed",
        subject=f"user:{user.pk}",
        tenant_id=user.tenant_id,
        acting_user=acting_user,
        personal={"before": before, "after": {"first_name": first_name, "last_name": last_name}},
        person_id=user.pk,
    )


def set_password(*, user: User, password: str, acting_user: User | None) -> None:
    """Gives `user` a password that has passed the rules; sessions and remembered browsers end by it."""
    user.set_password(password)  # hashing takes long on purpose: before the transaction
    with transaction.atomic():
        user.must_choose_password = False
        user.save(update_fields=("password", "must_choose_password"))
        record(
            action="user.password_set",
            subject=f"user:{user.pk}",
            tenant_id=user.tenant_id,
            acting_user=acting_user,
        )


@transaction.atomic
def end_all_sessions(*, user: User, acting_user: User | None) -> None:
    """Every session and every remembered browser of `user` ends, at its next request at the latest.

    Raises NotAllowed.
    """
    require(acting_user, Power.END_SESSIONS, user)
    User.objects.filter(pk=user.pk).update(sessions_ended_at=timezone.now())
    forget_sessions(user=user)
    record(
        action="user.sessions_ended",
        subject=f"user:{user.pk}",
        tenant_id=user.tenant_id,
        acting_user=acting_user,
    )


def forget_sessions(*, user: User) -> None:
    """Deletes the sessions of `user` that are listed. What makes them worthless is `sessions_ended_at`."""
    listed = UserSession.objects.filter(user_id=user.pk)
    Session.objects.filter(
        session_key__in=list(listed.values_list("session_key", flat=True))
    ).delete()
    listed.delete()


def tell_of_new_browser(*, user: User, browser: str) -> None:
    """A mail to the owner about a sign-in with a browser that was not used for the account before."""
    _tell(user, "accounts.new_browser", browser)


def tell_of_wrong_codes(*, user: User, browser: str) -> None:
    """A mail to the owner: somebody has the password and not the second factor."""
    _tell(user, "accounts.wrong_codes", browser)


def _tell(user: User, kind: str, browser: str = "") -> None:
    if user.email:
        enqueue(
            kind=kind,
            to_address=user.email,
            language=user.language,
            context={"browser": browser},
        )


def purge_sessions() -> int:
    """Deletes sessions that are over; how many signed-in ones there were."""
    over = UserSession.objects.filter(_over(sessions.staff_span(), staff=True))
    over |= UserSession.objects.filter(_over(sessions.members_span(), staff=False))
    Session.objects.filter(session_key__in=over.values("session_key")).delete()
    ended: int = over.delete()[0]
    SessionStore.clear_expired()
    stored = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(~Exists(stored)).delete()
    return ended


def _over(span: sessions.Span, *, staff: bool) -> Q:
    now = timezone.now()
    role = Q(user__role__in=sessions.STAFF)
    # Use is noted once a minute: what is over by less than that may be in use.
    idle = Q(last_seen_at__lt=now - span.idle - 2 * dt.timedelta(seconds=sessions.NOTED_EVERY))
    return (role if staff else ~role) & (idle | Q(created_at__lt=now - span.longest))
