"""Bodies to HTML, with the members of a room who may be mentioned in it."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import batched

from django.db.models.functions import Lower

from rooms import markdown
from rooms.models import Membership

NAMES_AT_ONCE = 10_000  # parameters of one query: SQLite allows 32,766 or more


def render(texts: Sequence[tuple[int, str]]) -> list[tuple[str, list[int]]]:
    """Of each (room, body): its HTML and the ids of those whom it mentions."""
    people = _people_named(texts)
    return [_render(body, people.get(room, {})) for room, body in texts]


def _people_named(texts: Sequence[tuple[int, str]]) -> dict[int, dict[str, markdown.Person]]:
    """By room, the members whom texts in it may mention: one query, none where nobody is named."""
    names = {name for _room, body in texts for name in markdown.mentioned_names(body)}
    if not names:
        return {}
    people: defaultdict[int, dict[str, markdown.Person]] = defaultdict(dict)
    members = Membership.objects.active().filter(room__in={room for room, _body in texts}, user__erased_at__isnull=True)
    for some in batched(names, NAMES_AT_ONCE):
        named = members.alias(name=Lower("user__username")).filter(name__in=some)
        for membership in named.select_related("user"):
            user = membership.user
            people[membership.room_id][user.username.lower()] = markdown.Person(user.id, user.name or user.username)
    return people


def _render(body: str, people: dict[str, markdown.Person]) -> tuple[str, list[int]]:
    """With the people of its own names alone: what others of the batch name makes no difference."""
    return markdown.render(body, {name: people[name] for name in markdown.mentioned_names(body) if name in people})
