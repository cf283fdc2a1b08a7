"""The addresses of the site."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from accounts.views import home
from outbox import webhooks
from rms_portal import dev_mail, health
from rms_portal.metrics.views import metrics
from signup import welcome_views as signup

urlpatterns = [
    path("", home, name="home"),
    path("signup/", include("signup.urls")),
    path("welcome/", signup.welcome, name="welcome"),
    path("guide/", signup.guide, name="guide"),
    path("legal/<str:kind>/", signup.legal, name="legal"),
    path("", include("accounts.urls")),
    path("challenge/", include("limits.urls")),
    path("language/", set_language, name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
]
if not settings.MAIL_IS_SENT:
    urlpatterns += [
        path("dev/mail/", dev_mail.inbox, name="dev_mail"),
        path("dev/mail/<str:key>/", dev_mail.message, name="dev_mail_message"),
        path("dev/mail/<str:key>/html/", dev_mail.message_html, name="dev_mail_html"),
    ]
if settings.MAIL_REPORTS_FROM:
    urlpatterns += [path("anymail/", include(webhooks.patterns(settings.MAIL_REPORTS_FROM)))]
