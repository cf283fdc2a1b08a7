"""Signing in, its second factors and sessions: allauth's pages, less its sign-up and address pages."""

from __future__ import annotations

from allauth.account import views as allauth
from django.urls import include, path, re_path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from accounts import address_views as addresses
from accounts import leaving_views as leaving
from accounts import mailbox_views as mailbox
from accounts import notice_views as notices
from accounts import organisation_views as organisation
from accounts import plan_views as plans
from accounts import second_factor_views as factors
from accounts import views

# allauth reverses these names; ours are the only doors.
to_sign_up = RedirectView.as_view(pattern_name="signup:sign_up")
to_account = RedirectView.as_view(pattern_name="account")

urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/addresses/", addresses.own_addresses, name="own_addresses"),
    path("account/addresses/choose/", addresses.choose_address, name="choose_address"),
    path("account/addresses/remove/", addresses.remove_address, name="remove_address"),
    path("account/plan/", plans.plan, name="plan"),
    path("account/export/", leaving.export_data, name="export_data"),
    path("account/close/", leaving.close_account, name="close_account"),
    path("account/notices/<uuid:notice_id>/dismiss/", notices.dismiss, name="dismiss_notice"),
    path("account/organisation/", organisation.organisation, name="organisation"),
    path("account/organisation/begin/", organisation.begin, name="begin_proof"),
    path("account/proofs/<uuid:proof_id>/check/", organisation.check_proof, name="check_proof"),
    path("account/proofs/<uuid:proof_id>/", organisation.proof_state, name="proof_state"),
    path("accounts/login/", allauth.login, name="account_login"),
    path("accounts/logout/", allauth.logout, name="account_logout"),
    path("accounts/inactive/", allauth.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", views.change_password, name="account_change_password"),
    path("accounts/password/set/", allauth.password_set, name="account_set_password"),
    path(
        "accounts/password/reset/", views.ResetPasswordView.as_view(), name="account_reset_password"
    ),
    path(
        "accounts/password/reset/done/",
        allauth.password_reset_done,
        name="account_reset_password_done",
    ),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        never_cache(allauth.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("accounts/signup/", to_sign_up, name="account_signup"),
    path("accounts/email/", to_account, name="account_email"),
    path("accounts/mailbox/", mailbox.mailbox, name="mailbox"),
    path(
        "accounts/mailbox/<str:token>/",
        mailbox.ProveMailboxView.as_view(),
        name="prove_mailbox",
    ),
    path("accounts/mailbox/<str:token>/renew/", mailbox.renew, name="renew_mailbox_link"),
    path("accounts/address/<str:token>/", addresses.NewAddressView.as_view(), name="new_address"),
    path("accounts/2fa/", factors.SecondFactorsView.as_view(), name="mfa_index"),
    path(
        "accounts/2fa/recovery-codes/",
        factors.ShowCodesView.as_view(),
        name="mfa_view_recovery_codes",
    ),
    path(
        "accounts/2fa/recovery-codes/download/",
        factors.DownloadCodesView.as_view(),
        name="mfa_download_recovery_codes",
    ),
    path(
        "accounts/2fa/recovery-codes/generate/",
        factors.MakeCodesView.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "accounts/2fa/webauthn/login/",
        factors.PasskeySignInView.as_view(),
        name="mfa_login_webauthn",
    ),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/end-all/", views.end_all_sessions, name="end_all_sessions"),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
]
