"""The pages on which a takeover is waived, stopped or undone: that one, and no other of its domain."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import scope
from audit.admin import ReadOnlyAdmin
from audit.spelling import shown_domain
from tenants.access import operates
from tenants.admin import confirming
from tenants.admin.acting import operator_of
from tenants.admin.soon import soon
from tenants.flows import give_back, oversee
from tenants.models import Takeover


class DecidingPages(ReadOnlyAdmin):
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
            possible=oversee.get_limited,
            done=_("The limits are waived."),
            needs_reason=True,
            is_work=False,
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
            act=oversee.begin_to_stop,
            possible=oversee.get_stoppable,
            done=_("The takeover is being stopped. This page shows how far it is."),
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
            act=give_back.begin,
            possible=give_back.get_undoable,
            done=_("The takeover is being undone. This page shows how far it is."),
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
        possible: Callable[[str, uuid.UUID], Takeover],
        done: str,
        needs_reason: bool,
        is_work: bool = True,
    ) -> HttpResponse:
        """`is_work`: `act` begins it, and a worker does the rest."""
        here = reverse("admin:tenants_takeover_change", args=(takeover.pk,))

        def decide(reason: str) -> str:
            decided = act(
                domain_name=takeover.domain_name,
                reason=reason,
                acting_user=operator_of(request),
                takeover_id=takeover.pk,
            )
            return soon(decided) if is_work else here

        question = confirming.Question(
            name=name,
            domain_name=takeover.domain_name,
            title=title % {"domain": shown_domain(takeover.domain_name)},
            lines=lines,
            button=button,
            act=decide,
            done=done,
            back=here,
            back_name=str(takeover),
            possible=lambda: possible(takeover.domain_name, takeover.pk),
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
