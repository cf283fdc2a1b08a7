from __future__ import annotations

from django.urls import path

from limits import views

app_name = "limits"

urlpatterns = [
    path("<str:token>/picture.png", views.picture, name="picture"),
    path("<str:token>/sound.wav", views.sound, name="sound"),
]
