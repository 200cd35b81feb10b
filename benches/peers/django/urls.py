"""The seed's counter view."""

from django.shortcuts import render
from django.urls import path


def hello(request):
    counter = request.session.get("counter", 0)
    request.session["counter"] = counter + 1
    return render(request, "helloworld.html", {"counter": counter})


urlpatterns = [path("hello/world", hello)]
