"""How names are found: the same in Python, which SQLite asks, and in the database's own words."""

import pytest
from django.db.models import Value

from accounts.models import User
from accounts.names import Folded, folded

NAMES = {
    "ÁNGEL Muñoz": "angel munoz",
    "Mun\u0303oz": "munoz",
    "Mª Ǘrsula": "ma ursula",
    "İpek": "ipek",
    "Åsa Łopez_100%": "asa łopez_100%",
    "Йосиф": "иосиф",
    "がく": "か\u3099く",
    "हिंदी": "हिंदी",
    "plain": "plain",
    "": "",
}


@pytest.mark.parametrize(("name", "wanted"), NAMES.items())
def test_a_name_loses_its_accents_and_its_case(ana: User, name: str, wanted: str) -> None:
    assert folded(name) == wanted
    assert User.objects.values_list(Folded(Value(name)), flat=True).get() == wanted
