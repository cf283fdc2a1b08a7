"""Takeovers: the journal, and what operators and the taker's administrators decide about one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import scope
from audit.names import Names
from audit.spelling import shown_domain
from tenants.access import governs, operates
from tenants.admin.acting import operator_of
from tenants.admin.deciding import DecidingPages
from tenants.admin.log import ANOTHERS, names_seen_by
from tenants.flows import give_back
from tenants.models import Takeover, Tenant, User
from tenants.takeover.refusals import told

Kind, State = Takeover.Kind, Takeover.State


def of_either(tenant_id: uuid.UUID) -> Q:
    """Who gave and who took see it."""
    return Q(target_tenant_id=tenant_id) | Q(source_tenant_id=tenant_id)


@admin.register(Takeover)
class TakeoverAdmin(DecidingPages):
    reach = staticmethod(of_either)
    change_form_template = "admin/tenants/takeover/change_form.html"
    list_display = (
        "created_at",
        "shown_domain",
        "kind",
        "source_name",
        "target_name",
        "state",
        "limited_until",
    )
    list_filter = ("kind", "state", "created_at")
    search_beginnings = ("domain_name",)
    search_help_text = gettext_lazy("The beginning of a domain.")
    nothing_yet = gettext_lazy("No domain changed who governs it yet.")
    fields = (
        "shown_domain",
        "kind",
        "state",
        "source_name",
        "target_name",
        "asked_by",
        "administrator",
        "created_at",
        "done_at",
        "limited_until",
        "waived_at",
        "undo_until",
        "undone_at",
        "is_stopped",
        "reason",
        "given_up_at",
        "why_not",
        "steps_done",
    )
    readonly_fields = fields

    def subject_of(self, row: Takeover) -> str:
        return f"domain:{row.domain_name}"

    @admin.display(description=gettext_lazy("domain"), ordering="domain_name")
    def shown_domain(self, takeover: Takeover) -> str:
        return shown_domain(takeover.domain_name)

    @admin.display(description=gettext_lazy("asked by"))
    def asked_by(self, takeover: Takeover) -> str:
        return _name_in(takeover, takeover.actor_id) if takeover.actor_id else _("a command")

    @admin.display(description=gettext_lazy("new administrator"))
    def administrator(self, takeover: Takeover) -> str:
        who = takeover.administrator_id
        return _name_in(takeover, who) if who else self.get_empty_value_display()

    @admin.display(description=gettext_lazy("why not"))
    def why_not(self, takeover: Takeover) -> str:
        return told(takeover) or self.get_empty_value_display()

    @admin.display(description=gettext_lazy("steps"))
    def steps_done(self, takeover: Takeover) -> str:
        names = takeover.steps.values_list("name", flat=True)
        return ", ".join(names) or self.get_empty_value_display()

    def get_fields(self, request: HttpRequest, obj: Takeover | None = None) -> Any:
        """The steps bear the code's names: whoever looks after the installation reads them, nobody else."""
        left_out = () if scope.of(request).is_everything else ("steps_done",)
        return [field for field in self.fields if field not in left_out]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Takeover | None:
        """With the names that whoever asks may see: of the own people, and of operators."""
        takeover: Takeover | None = super().get_object(request, object_id, from_field)
        if takeover:
            ids = [one for one in (takeover.actor_id, takeover.administrator_id) if one]
            vars(takeover)["names"] = names_seen_by(ids, scope.of(request))
        return takeover

    # Pages

    def get_urls(self) -> list[URLPattern]:
        own: list[tuple[str, Callable[..., HttpResponse]]] = [
            ("state", self.state_view),
            ("waive", self.waive_view),
            ("stop", self.stop_view),
            ("undo", self.undo_view),
        ]
        return [
            path(
                f"<uuid:takeover_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"tenants_takeover_{name}",
            )
            for name, view in own
        ] + super().get_urls()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        takeover: Takeover = context["original"]
        user = operator_of(request)
        is_operator = operates(user)
        limited = takeover.limited_until and takeover.limited_until > timezone.now()
        done = takeover.state == State.DONE
        context |= {
            "is_under_way": takeover.state in {State.PREPARED, State.UNDOING}
            and not takeover.given_up_at,
            "why_not": told(takeover),
            "may_waive": is_operator and done and limited,
            "may_stop": is_operator and done and _is_newest(takeover),
            "may_undo": self._may_undo(takeover, user),
            "state_name": State(takeover.state).name,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    @staticmethod
    def _may_undo(takeover: Takeover, user: User) -> bool:
        target = Tenant.objects.filter(pk=takeover.target_tenant_id).first()
        return (
            target is not None
            and governs(user, target)
            and give_back.undoable(takeover.domain_name) == takeover
        )

    def state_view(self, request: HttpRequest, takeover_id: uuid.UUID) -> HttpResponse:
        """For the script of a page that waits."""
        return JsonResponse({"mark": self._takeover(request, takeover_id).state})


def _is_newest(takeover: Takeover) -> bool:
    newer = Takeover.objects.filter(domain_name=takeover.domain_name, state=State.DONE)
    return not newer.filter(done_at__gt=takeover.done_at).exists()


def _name_in(takeover: Takeover, account_id: uuid.UUID) -> str:
    names: Names = vars(takeover).get("names", {})
    return names.get(account_id) or str(ANOTHERS)
