"""Made-up bibliographic data: title, author, call number and the rest, as a function of the record's number."""

from dataclasses import dataclass
from functools import lru_cache

from almascan.simulator.identifiers import draw

_SURNAMES = (
    "Abascal",
    "Müller",
    "Okonkwo",
    "Lindqvist",
    "O'Hara",
    "Sørensen",
    "Tanaka",
    "Dubois",
    "Novák",
    "Ferreira",
    "Kowalska",
    "Haddad",
    "Whitfield",
    "Şahin",
    "Bianchi",
    "Nguyễn",
    "Castañeda",
    "Petrov",
    "Achterberg",
    "MacLeod",
)
_GIVEN = (
    "Anna",
    "Bernard",
    "Chiara",
    "David",
    "Elif",
    "Fumiko",
    "George",
    "Henrike",
    "Iván",
    "Joan",
    "Katarzyna",
    "Leila",
    "Marek",
    "Nils",
    "Oluchi",
)
_SUBJECTS = (
    "Alpine botany",
    "Medieval trade",
    "Signal processing",
    "Constitutional law",
    "Comparative grammar",
    "Marine sediments",
    "Public health",
    "Number theory",
    "Weaving & dyeing",
    "Urban planning",
    "Film music",
    "Soil chemistry",
)
_FORMS = (
    "{subject}: an introduction",
    "A history of {lower} in {place}",
    "Handbook of {lower}",
    "{subject} and its critics",
    "Studies in {lower} <new series>",
    "Principles of {lower}",
    "{subject} in {place}, 1870-1939",
    '"{subject}": essays for {given} {surname}',
)
_PLACES = ("Oslo", "São Paulo", "Leiden", "Kraków", "Boston", "Kyoto", "Zürich", "Lagos", "Valparaíso")
_PUBLISHERS = ("Harbour Press", "Universitätsverlag Nord", "Ediciones del Puerto", "Meridian Academic", "Lamp & Quill")
_CLASSES = ("QA", "QK", "HB", "PR", "KF", "TK", "DD", "ML", "QE", "RA", "NA", "Z")


@dataclass(frozen=True, slots=True)
class Bib:
    """What is printed on a title page, and the shelf mark."""

    title: str
    author: str
    isbn: str
    year: str
    place: str
    publisher: str
    call_number: str
    oclc_number: str


@lru_cache(maxsize=256)
def make_bib(seed: int, number: int) -> Bib:
    """Make up the bibliographic record with this number, the same every time."""
    bits = draw(seed, 11, number)
    surname, given = _pick(_SURNAMES, bits), _pick(_GIVEN, bits >> 8)
    subject, place = _pick(_SUBJECTS, bits >> 16), _pick(_PLACES, bits >> 24)
    year = str(1950 + (bits >> 40) % 75)
    shelf = f"{_pick(_CLASSES, bits >> 16)}{1 + (bits >> 32) % 999}"
    honoured = draw(seed, 12, number)
    title = _pick(_FORMS, bits >> 48).format(
        subject=subject,
        lower=subject[0].lower() + subject[1:],
        place=place,
        given=_pick(_GIVEN, honoured),
        surname=_pick(_SURNAMES, honoured >> 8),
    )
    return Bib(
        title=title,
        author=f"{surname}, {given}.",
        isbn=f"{bits % 10**9:09d}X",
        year=year,
        place=place,
        publisher=_pick(_PUBLISHERS, bits >> 56),
        call_number=f"{shelf} .{surname[0]}{10 + (bits >> 20) % 89} {year}",
        oclc_number=f"(OCoLC){bits % 10**9:09d}",
    )


def make_patron(seed: int, number: int) -> tuple[str, str]:
    """Make up the patron with this number: a name as Alma writes it, and a primary id."""
    bits = draw(seed, 13, number)
    return f"{_pick(_SURNAMES, bits)}, {_pick(_GIVEN, bits >> 8)}", f"{100_000 + bits % 900_000}"


def _pick(options: tuple[str, ...], bits: int) -> str:
    return options[(bits & 0xFFFF) % len(options)]
