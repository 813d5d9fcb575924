"""The job AnnounceEpisode."""

from dartian_queue import Job
from django.core.mail import EmailMessage

from podcasts.models import Episode
from subscribers.models import Subscriber


class AnnounceEpisode(Job, tries=5):
    """Tell the subscribers of a podcast that there is a new episode."""

    episode_id: int

    def handle(self) -> None:
        """Send one message to all of them, so that another try repeats none of several."""
        episode = Episode.objects.select_related("podcast").get(pk=self.episode_id)
        emails = list(Subscriber.objects.filter(podcast=episode.podcast).values_list("email", flat=True))
        EmailMessage(f"{episode.podcast.title}: {episode.title}", "There is a new episode.", bcc=emails).send()
