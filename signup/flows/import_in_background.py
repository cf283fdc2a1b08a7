"""A file of accounts that somebody hands over on a page: a worker makes them, row by row, and may be killed at any.
Somebody may stop it: then the rows that are left are noted as stopped, and no worker is needed for that.

Each row commits with what became of it, so that whoever goes on begins behind the last, and of two workers on one
file the second makes nothing. Whoever asked needs the power for each row at the time of that row.
"""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.utils import timezone

from audit import origin
from audit.services import record
from outbox import announcing
from signup.exceptions import ImportOver, NotATable, TooManyRows
from signup.flows.import_users import ImportedRow, import_row, rows_of
from signup.models import ImportedLine, UserImport
from tenants.access import governs, require_create_in
from tenants.exceptions import NotAllowed
from tenants.models import Tenant, User

TASK = "signup.tasks.import_users"
MOST_ROWS = 10_000
BATCH = 500
LONGEST_FILE_NAME = 120
KEPT_FOR = dt.timedelta(days=30)
FORGOTTEN_AFTER = dt.timedelta(minutes=2)
State = UserImport.State


@transaction.atomic
def ask(*, tenant: Tenant, file_name: str, text: str, acting_user: User) -> UserImport:
    """Raises NotAllowed, NotATable or TooManyRows."""
    require_create_in(acting_user, tenant)
    if "\0" in text:
        raise NotATable
    count = sum(1 for _ in rows_of(text.splitlines(keepends=True)))
    if count > MOST_ROWS:
        raise TooManyRows(MOST_ROWS)
    whose = origin.current().on_behalf_of
    job = UserImport.objects.create(
        tenant=tenant,
        asked_by=acting_user,
        on_behalf_of_id=whose.id if whose else None,
        file_name=file_name[-LONGEST_FILE_NAME:],
        text=text,
        rows=count,
    )
    record(
        action="users.import_asked",
        subject=f"import:{job.pk}",
        tenant_id=tenant.pk,
        acting_user=acting_user,
        details={"rows": count},
    )
    transaction.on_commit(partial(announcing.ask, TASK, str(job.pk)), robust=True)
    return job


def carry_on(job_id: uuid.UUID) -> None:
    """Imports what is left of a file."""
    open_jobs = UserImport.objects.exclude(state=State.DONE).select_related("tenant")
    job = open_jobs.filter(pk=job_id).first()
    if job is None:
        return
    with origin.on_behalf_of(job.behalf):
        _go_through(job)


def _go_through(job: UserImport) -> None:
    UserImport.objects.filter(pk=job.pk, state=State.WAITING).update(state=State.RUNNING)
    done = job.lines.aggregate(last=Max("line"))["last"] or 0
    for line, row in rows_of(job.text.splitlines(keepends=True)):
        if line <= done:
            continue
        if _is_over(job):
            return
        _one(job, line, row)
    _finish(job)


def _is_over(job: UserImport) -> bool:
    """Stopped, or another worker was faster."""
    return UserImport.objects.filter(pk=job.pk, state=State.DONE).exists()


@transaction.atomic
def stop(*, job: UserImport, acting_user: User) -> UserImport:
    """What was done stays. A worker that is at a row meanwhile has it or has it not, by the constraint of rows.

    Raises NotAllowed or ImportOver.
    """
    if not may_stop(job, acting_user):
        raise NotAllowed
    if job.is_over:
        raise ImportOver(str(job))
    # Rows first, then the import, as a worker does: two who wait for each other would wait for ever.
    done = set(job.lines.values_list("line", flat=True))
    left = (
        ImportedLine(user_import=job, line=line, email=row["email"].strip()[:320], result="stopped")
        for line, row in rows_of(job.text.splitlines(keepends=True))
        if line not in done
    )
    ImportedLine.objects.bulk_create(left, batch_size=BATCH, ignore_conflicts=True)
    stopped, now = job.lines.filter(result="stopped").count(), timezone.now()
    hit = UserImport.objects.filter(pk=job.pk).exclude(state=State.DONE)
    if not hit.update(state=State.DONE, ended_at=now, stopped_at=now, stopped=stopped, text=""):
        raise ImportOver(str(job))
    job.refresh_from_db()
    record(
        action="users.import_stopped",
        subject=f"import:{job.pk}",
        tenant_id=job.tenant_id,
        acting_user=acting_user,
        details={"done": job.finished, "stopped": stopped},
    )
    return job


def may_stop(job: UserImport, acting_user: User) -> bool:
    """Whoever asked for it, administrators of the organisation, and operators."""
    if acting_user.pk == job.asked_by_id:
        return acting_user.is_active
    return governs(acting_user, job.tenant)


def carry_on_forgotten() -> int:
    """Asks anew for files that nobody works on: the message was lost, or the worker killed. How many."""
    long_ago = timezone.now() - FORGOTTEN_AFTER
    forgotten = UserImport.objects.exclude(state=State.DONE).filter(progressed_at__lt=long_ago)
    jobs = list(forgotten.values_list("pk", flat=True))
    for job in jobs:
        announcing.ask(TASK, str(job))
    return len(jobs)


def purge() -> int:
    """What became of rows names people: it goes after 30 days."""
    old = UserImport.objects.filter(state=State.DONE, ended_at__lt=timezone.now() - KEPT_FOR)
    return old.delete()[0]


def _one(job: UserImport, line: int, row: dict[str, str]) -> None:
    asked_by = User.objects.get(pk=job.asked_by_id)  # as they are now
    try:
        with transaction.atomic():
            _note(job, import_row(tenant=job.tenant, line=line, row=row, acting_user=asked_by))
    except IntegrityError:
        return  # another worker has just done this row


def _note(job: UserImport, row: ImportedRow) -> None:
    ImportedLine.objects.create(
        user_import=job,
        line=row.line,
        email=row.email[:320],
        result=row.result.value,
        reason=row.reason[:500],
    )
    counted = {row.result.value: F(row.result.value) + 1}
    UserImport.objects.filter(pk=job.pk).update(progressed_at=timezone.now(), **counted)


@transaction.atomic
def _finish(job: UserImport) -> None:
    hit = UserImport.objects.filter(pk=job.pk, state=State.RUNNING).update(
        state=State.DONE, ended_at=timezone.now(), text=""
    )
    if hit != 1:
        return
    job.refresh_from_db()
    record(
        action="users.imported",
        subject=f"import:{job.pk}",
        tenant_id=job.tenant_id,
        acting_user=job.asked_by,
        details={"created": job.created, "exists": job.exists, "refused": job.refused},
    )
