"""The pages' addresses."""

from django.urls import URLPattern, path

from rooms import views

urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("rooms/<int:room_id>/", views.room, name="room"),
]
