"""Takeovers: the journal, and what operators and the taker's administrators decide about one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import scope
from audit.admin import ReadOnlyAdmin
from audit.names import Names
from tenants.access import governs, operates
from tenants.addresses import shown_domain
from tenants.admin import confirming
from tenants.admin.acting import operator_of
from tenants.admin.log import names_seen_by
from tenants.flows import give_back, oversee
from tenants.models import Takeover, Tenant, User

Kind, State = Takeover.Kind, Takeover.State


def of_either(tenant_id: uuid.UUID) -> Q:
    """Who gave and who took see it."""
    return Q(target_tenant_id=tenant_id) | Q(source_tenant_id=tenant_id)


@admin.register(Takeover)
class TakeoverAdmin(ReadOnlyAdmin):
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
        "refusal",
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
        return _name_in(takeover, who) if who else ""

    @admin.display(description=gettext_lazy("steps"))
    def steps_done(self, takeover: Takeover) -> str:
        return ", ".join(takeover.steps.values_list("name", flat=True))

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
            "is_under_way": takeover.state in {State.PREPARED, State.UNDOING},
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

    def waive_view(self, request: HttpRequest, takeover_id: uuid.UUID) -> HttpResponse:
        takeover = self._for_operators(request, takeover_id)
        return self._ask(
            request,
            takeover,
            name="waive_takeover",
            title=_("Waive the limits of %(domain)s"),
            lines=[
                _(
                    "The new administrators may do everything from now on, also to accounts that were there before."
                )
            ],
            button=_("Waive the limits"),
            act=oversee.waive,
            done=_("The limits are waived."),
            needs_reason=True,
        )

    def stop_view(self, request: HttpRequest, takeover_id: uuid.UUID) -> HttpResponse:
        takeover = self._for_operators(request, takeover_id)
        lines = [
            _(
                "Everything is as it was before the takeover, and everybody concerned is told by mail."
            ),
            _("Whoever took the domain does not take it again by themselves for 30 days."),
        ]
        return self._ask(
            request,
            takeover,
            name="stop_takeover",
            title=_("Stop the takeover of %(domain)s"),
            lines=lines,
            button=_("Stop the takeover"),
            act=oversee.stop,
            done=_("The takeover was stopped."),
            needs_reason=True,
        )

    def undo_view(self, request: HttpRequest, takeover_id: uuid.UUID) -> HttpResponse:
        takeover = self._takeover(request, takeover_id)
        lines = [
            _(
                "Everything that belongs to %(domain)s goes back to %(organisation)s, as it is now: also accounts that were made since."
            )
            % {"domain": shown_domain(takeover.domain_name), "organisation": takeover.source_name},
            _(
                "No account, password or protected file is lost. Everybody concerned is told by mail."
            ),
        ]
        return self._ask(
            request,
            takeover,
            name="undo_takeover",
            title=_("Undo the takeover of %(domain)s"),
            lines=lines,
            button=_("Undo the takeover"),
            act=give_back.undo,
            done=_("The takeover was undone."),
            needs_reason=operates(operator_of(request)),
        )

    def _ask(
        self,
        request: HttpRequest,
        takeover: Takeover,
        *,
        name: str,
        title: str,
        lines: list[str],
        button: str,
        act: Callable[..., Takeover],
        done: str,
        needs_reason: bool,
    ) -> HttpResponse:
        here = reverse("admin:tenants_takeover_change", args=(takeover.pk,))

        def decide(reason: str) -> str:
            act(domain_name=takeover.domain_name, reason=reason, acting_user=operator_of(request))
            return here

        question = confirming.Question(
            name=name,
            domain_name=takeover.domain_name,
            title=title % {"domain": shown_domain(takeover.domain_name)},
            lines=lines,
            button=button,
            act=decide,
            done=done,
            back=here,
            needs_reason=needs_reason,
        )
        return confirming.ask(request, self.admin_site, question)

    def _takeover(self, request: HttpRequest, takeover_id: uuid.UUID) -> Takeover:
        found: Takeover = get_object_or_404(self.get_queryset(request), pk=takeover_id)
        return found

    def _for_operators(self, request: HttpRequest, takeover_id: uuid.UUID) -> Takeover:
        if not scope.of(request).is_everything:
            raise PermissionDenied
        return self._takeover(request, takeover_id)


def _is_newest(takeover: Takeover) -> bool:
    newer = Takeover.objects.filter(domain_name=takeover.domain_name, state=State.DONE)
    return not newer.filter(done_at__gt=takeover.done_at).exists()


def _name_in(takeover: Takeover, account_id: uuid.UUID) -> str:
    names: Names = vars(takeover).get("names", {})
    return names.get(account_id) or _("somebody of another organisation, or who is gone")
