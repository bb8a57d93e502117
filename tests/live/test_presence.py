"""Who is online, from what the processes say and no longer say."""

from rooms.live.presence import Presence

ANA, BRUNO = 1, 2
NOBODY: frozenset[int] = frozenset()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_process_says_who_is_on_it_at_once_and_every_10_s() -> None:
    clock = Clock()
    presence = Presence("web1", clock)
    here = frozenset({ANA})
    assert presence.news(here) == here
    clock.now += 9
    assert presence.news(here) is None
    clock.now += 1
    assert presence.news(here) == here
    clock.now += 1
    assert presence.news(frozenset({ANA, BRUNO})) == frozenset({ANA, BRUNO})


def test_the_people_of_a_process_that_is_silent_for_25_s_are_offline() -> None:
    clock = Clock()
    presence = Presence("web1", clock)
    presence.heard("web2", [BRUNO])
    assert presence.changes(frozenset({ANA})) == (frozenset({ANA, BRUNO}), NOBODY)
    clock.now += 25
    assert presence.changes(frozenset({ANA})) == (NOBODY, NOBODY)
    clock.now += 0.1
    assert presence.changes(frozenset({ANA})) == (NOBODY, frozenset({BRUNO}))


def test_who_is_on_two_processes_goes_with_the_last() -> None:
    presence = Presence("web1", Clock())
    presence.heard("web2", [ANA])
    presence.changes(frozenset({ANA}))
    assert presence.changes(NOBODY) == (NOBODY, NOBODY)
    presence.heard("web2", [])
    assert presence.changes(NOBODY) == (NOBODY, frozenset({ANA}))
