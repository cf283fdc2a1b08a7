from __future__ import annotations

from django.urls import path

from signup import invitation_views, link_views, views

app_name = "signup"

urlpatterns = [
    path("", views.SignUpView.as_view(), name="sign_up"),
    path("check-your-mail/", views.check_mail, name="check_mail"),
    path("resend/", views.resend, name="resend"),
    path("confirm/<str:token>/", link_views.ConfirmView.as_view(), name="confirm"),
    path("renew/<str:token>/", link_views.renew, name="renew"),
    path(
        "invitation/<str:token>/",
        invitation_views.InvitationView.as_view(),
        name="invitation",
    ),
    path("invitation/<str:token>/renew/", invitation_views.renew, name="renew_invitation"),
    path("not-me/<str:token>/", link_views.NotMeView.as_view(), name="not_me"),
]
