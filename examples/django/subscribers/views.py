"""Taking subscribers."""

from django import forms
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from podcasts.models import Podcast
from subscribers.models import Subscriber


class SubscriberForm(forms.Form):
    """What a client says of a subscriber."""

    email = forms.EmailField()


@require_POST
def subscribe(request: HttpRequest, podcast_id: int) -> JsonResponse:
    """Store a subscriber of a podcast."""
    podcast = get_object_or_404(Podcast, pk=podcast_id)
    form = SubscriberForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=400)
    subscriber = Subscriber.objects.create(podcast=podcast, email=form.cleaned_data["email"])
    return JsonResponse({"id": subscriber.pk}, status=201)
