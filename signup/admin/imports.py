"""Imports of accounts from files: handing one over, watching it, and what became of each row."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from audit import refusals
from audit.admin import ReadOnlyAdmin
from audit.exceptions import Refusal
from audit.exporting import csv_answer
from audit.form_page import form_page
from signup.admin.users import own_tenant
from signup.admin_forms import ImportForm, form_for
from signup.exceptions import NotATable
from signup.flows import import_in_background
from signup.models import ImportedLine, UserImport
from tenants.admin.acting import operator_of
from tenants.models import Tenant, User

SHOWN = 100


@admin.register(UserImport)
class UserImportAdmin(ReadOnlyAdmin):
    change_form_template = "admin/user_import.html"
    list_display = (
        "created_at",
        "file_name",
        "tenant",
        "asked_by",
        "outcome",
        "rows",
        "created",
        "exists",
        "refused",
        "stopped",
    )
    list_select_related = ("tenant", "asked_by")
    list_filter = ("state", "created_at")
    fields = ("file_name", "tenant", "asked_by", "on_behalf_of", "created_at", "ended_at")
    readonly_fields = ("on_behalf_of",)
    reach = "tenant"

    def subject_of(self, row: UserImport) -> str:
        return f"import:{row.pk}"

    @admin.display(description=_("on behalf of"))
    def on_behalf_of(self, job: UserImport) -> str:
        """Where an operator asked."""
        if job.on_behalf_of_id is None:
            return "-"
        person = User.objects.filter(pk=job.on_behalf_of_id).first()
        return str(person or job.tenant)

    @admin.display(description=_("state"), ordering="state")
    def outcome(self, job: UserImport) -> str:
        return str(job.outcome)

    def get_urls(self) -> list[Any]:
        named = {
            "progress": self.progress_view,
            "lines": self.lines_view,
            "stop": require_POST(self.stop_view),
        }
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"signup_userimport_{name}",
            )
            for name, view in named.items()
        ]
        return [*own, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.is_open_to(request)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        tenant = own_tenant(request)
        data = (request.POST, request.FILES) if request.method == "POST" else ()
        form = form_for(tenant, *data)
        job = self._asked(request, form, tenant) if form.is_valid() else None
        if job:
            return redirect("admin:signup_userimport_change", job.pk)
        return form_page(
            request,
            self,
            form,
            title=gettext("Import accounts"),
            intro=gettext(
                "Each row becomes an account, whose owner gets a mail and chooses a password. A row that cannot be stops no other, and who has an account is left as they are, so the same file can be handed over again."
            ),
            button=gettext("Import"),
        )

    def _asked(
        self, request: HttpRequest, form: ImportForm, tenant: Tenant | None
    ) -> UserImport | None:
        tenant = tenant or form.cleaned_data["domain"]
        try:
            return import_in_background.ask(
                tenant=tenant,
                file_name=str(form.cleaned_data["file"].name),
                text=form.text,
                acting_user=operator_of(request),
            )
        except (Refusal, UnicodeDecodeError) as error:
            refusal = error if isinstance(error, Refusal) else NotATable()
            refusals.note(
                request,
                refusal,
                action="import",
                subject="page:signup.userimport",
                tenant_id=tenant.pk,
            )
            form.add_error("file", str(refusal))
            return None

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job = self.get_object(request, object_id)
        refused = self._lines(job).filter(result="refused")[:SHOWN] if job else ()
        context = {
            "refused": refused,
            "shown": SHOWN,
            "may_stop": job is not None
            and not job.is_over
            and import_in_background.may_stop(job, operator_of(request)),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def stop_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        job = self._job(request, object_id)
        try:
            job = import_in_background.stop(job=job, acting_user=operator_of(request))
        except Refusal as refusal:
            refusals.note(
                request,
                refusal,
                action="users.import_stopped",
                subject=self.subject_of(job),
                tenant_id=job.tenant_id,
            )
            messages.warning(request, str(refusal))
        else:
            said = gettext(
                "The import was stopped. Rows that were done stay as they are: %(done)d. Rows that were not: %(stopped)d."
            ) % {"done": job.finished, "stopped": job.stopped}
            messages.success(request, said)
        return redirect("admin:signup_userimport_change", job.pk)

    def progress_view(self, request: HttpRequest, object_id: str) -> JsonResponse:
        """For the script of the page, which shows it anew when there is something new."""
        return JsonResponse({"mark": self._job(request, object_id).mark})

    def lines_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """What became of the rows as a table; with `?refused`, of those that were refused."""
        job = self._job(request, object_id)
        lines = self._lines(job)
        if "refused" in request.GET:
            lines = lines.filter(result="refused")
        rows = (
            (str(row.line), row.email, row.result, row.reason)
            for row in lines.iterator(chunk_size=1000)
        )
        return csv_answer(
            (("line", "email", "result", "reason"), *rows), name=f"import-{job.created_at:%Y%m%d}"
        )

    def _job(self, request: HttpRequest, object_id: str) -> UserImport:
        job = self.get_object(request, object_id)
        if not isinstance(job, UserImport):
            raise Http404
        return job

    @staticmethod
    def _lines(job: UserImport) -> Any:
        return ImportedLine.objects.filter(user_import=job)
