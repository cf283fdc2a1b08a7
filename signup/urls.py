from __future__ import annotations

from django.urls import path

from signup import views

app_name = "signup"

urlpatterns = [
    path("", views.SignUpView.as_view(), name="sign_up"),
    path("check-your-mail/", views.check_mail, name="check_mail"),
    path("resend/", views.resend, name="resend"),
    path("confirm/<str:token>/", views.ConfirmView.as_view(), name="confirm"),
    path("renew/<str:token>/", views.renew, name="renew"),
    path("not-me/<str:token>/", views.NotMeView.as_view(), name="not_me"),
]
