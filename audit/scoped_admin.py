"""What every page of the administration derives from: its rows, its addresses and its fields end at the scope
of whoever asks. A page opens for administrators by saying how its rows reach their organisation (`reach`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache, wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import CharField, Field, Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from audit import freshness, refusals, scope
from audit.scope import Reach
from audit.spelling import both, shown_address

View = Callable[..., HttpResponseBase]
# Those that Django's filters make.
COMPARISONS = {"exact", "isnull", "gte", "lt"}


class Scoped(admin.options.BaseModelAdmin):  # type: ignore[type-arg]
    reach: Reach | None = None

    def is_open_to(self, request: HttpRequest) -> bool:
        return scope.of(request).covers(type(self).reach)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scope.of(request).rows(super().get_queryset(request), type(self).reach)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.is_open_to(request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self._rows_to_choose(db_field, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self._rows_to_choose(db_field, request))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _rows_to_choose(self, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        """Those that the other page shows to whoever asks."""
        model: type[Model] = db_field.remote_field.model
        try:
            page = self.admin_site.get_model_admin(model)
        except NotRegistered:
            rows = model._default_manager.all()
            return scope.of(request).rows(rows, None)
        return page.get_queryset(request)


class ScopedInline(Scoped, admin.TabularInline):  # type: ignore[type-arg]
    """Rows beneath another's. They need a reach of their own. Read only, unless a class says otherwise."""

    template = "admin/rows_beneath.html"
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# Fields that hold an address or a domain in its stored spelling.
SPELLED = {"email", "address", "to_address", "domain", "domain_name"}


def spelled(model: type[Model], name: Any, how: Callable[[str], str]) -> Any:
    """In place of such a field, what a page shows of it; any other name as it is."""
    return _spelled(model, name, how) if name in SPELLED and _has_text(model, name) else name


def _has_text(model: type[Model], name: str) -> bool:
    try:
        return isinstance(model._meta.get_field(name), CharField)
    except FieldDoesNotExist:
        return False


@cache
def _spelled(model: type[Model], name: str, how: Callable[[str], str]) -> Callable[[Any], Any]:
    def shown(row: Any) -> Any:
        value = getattr(row, name)
        return how(value) if value else value

    field: Any = model._meta.get_field(name)
    shown.__name__ = name
    facts = {"short_description": field.verbose_name, "admin_order_field": name, "stored_as": name}
    shown.__dict__.update(facts)
    return shown


class ScopedAdmin(Scoped, admin.ModelAdmin):  # type: ignore[type-arg]
    # What cannot be taken back, or gives power: asks for a second factor once more.
    sensitive_actions: Collection[str] = ()
    is_sensitive_to_change = False
    # Fields that other pages link with; what a list filters by may be asked for anyway, and nothing else.
    linked_lookups: Collection[str] = ()

    # What administrators read for it in the list of pages, where the word for operators is another.
    name_for_administrators: str | Promise = ""
    # What an empty list says: how a row comes to be in it.
    nothing_yet: str | Promise = _("There is nothing here yet.")
    # What will be gone, what stays, and whether it comes back: a page that lets rows be deleted says it.
    deleting_means: str | Promise = ""
    # Counting how many rows each filter would leave reads the whole table, once for each.
    show_facets = admin.ShowFacets.NEVER
    # They name the organisation, which an administrator knows.
    columns_of_operators: Collection[str] = ("tenant", "tenant_id")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = super().get_list_display(request)
        if not scope.of(request).is_everything:
            columns = [column for column in columns if column not in self.columns_of_operators]
        return [spelled(self.model, column, shown_address) for column in columns]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What is only shown is shown as people write it, and as it is stored."""
        fields = list(super().get_fields(request, obj))
        if obj is None:
            return fields
        fixed = fields
        if self.has_change_permission(request, obj):
            fixed = [
                getattr(field, "stored_as", field)
                for field in self.get_readonly_fields(request, obj)
            ]
        return [spelled(self.model, field, both) if field in fixed else field for field in fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return [spelled(self.model, field, both) if obj else field for field in fields]

    @property
    def urls(self) -> list[URLPattern]:
        """None of its addresses opens where the page does not, whatever a class says about permissions."""
        patterns: list[URLPattern] = self.get_urls()
        for pattern in patterns:
            pattern.callback = self._closed_unless_open(pattern.callback)
        return patterns

    def _closed_unless_open(self, view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.admin_site.has_permission(request) and not self.is_open_to(request):
                refusals.note(
                    request,
                    PermissionDenied(),
                    action="open",
                    subject=f"page:{self.opts.label_lower}",
                    tenant_id=scope.of(request).tenant_id,
                )
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.is_open_to(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return scope.of(request).is_everything and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return scope.of(request).is_everything and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return scope.of(request).is_everything and super().has_delete_permission(request, obj)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Django lets a list be filtered by any field of its rows, also by the beginning of a password's hash, and
        by any comparison, also by a regular expression that takes for ever.
        """
        path, comparisons = self._taken_apart(lookup)
        if path not in {*self._filtered_by(request), *self.linked_lookups}:
            return False
        # PostgreSQL takes no text with a NUL.
        return COMPARISONS.issuperset(comparisons) and "\0" not in str(value)

    def _filtered_by(self, request: HttpRequest) -> set[str]:
        found = {self.date_hierarchy} if self.date_hierarchy else set()
        for item in self.get_list_filter(request):
            if isinstance(item, str):
                found.add(item)
            elif isinstance(item, (list, tuple)):
                found.add(str(item[0]))
            elif hasattr(item, "parameter_name"):
                found.add(str(item.parameter_name))
        return found

    def _taken_apart(self, lookup: str) -> tuple[str, list[str]]:
        """`plan__id__exact` → `plan`, [`exact`]: without the key of a relation."""
        model, path, left = self.model, list[str](), lookup.split(LOOKUP_SEP)
        while left:
            try:
                field = model._meta.get_field(left[0])
            except FieldDoesNotExist:
                break
            if path and isinstance(field, Field) and field.primary_key:
                left = left[1:]
                break
            path.append(left.pop(0))
            if field.related_model is None:
                break
            model = field.related_model
        return (LOOKUP_SEP.join(path), left) if path else (lookup, [])

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """A filter by a relation offers all rows of the other table, so only whoever sees all gets it."""
        filters = super().get_list_filter(request)
        if scope.of(request).is_everything:
            return list(filters)
        return [item for item in filters if not self._is_by_relation(item)]

    def _is_by_relation(self, item: Any) -> bool:
        path = item if isinstance(item, str) else item[0] if isinstance(item, (list, tuple)) else ""
        if not path:
            return False
        first = self.opts.get_field(str(path).partition(LOOKUP_SEP)[0])
        return bool(first.is_relation)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Django takes one of several actions that a form may name, by a number that the form says too.
        named = set(request.POST.getlist("action"))
        if request.method == "POST" and named.intersection(self.sensitive_actions):
            freshness.require(request)
        context = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        return super().changelist_view(request, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        if request.method == "POST" and self.is_sensitive_to_change:
            freshness.require(request)
        named = {"title": capfirst(self.opts.verbose_name)} if object_id else {}
        context = {**named, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """In the words of the page: Django would list rows of the database. What it means comes first."""
        return [self.deleting_means, *(str(row) for row in objs)], {}, set(), []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        if request.method == "POST" and self.is_sensitive_to_change:
            freshness.require(request)
        return super().delete_view(request, object_id, extra_context)
