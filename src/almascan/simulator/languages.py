"""The texts of Alma's answers in the languages of the simulator: a client that goes by texts is caught out here.

The English texts are Alma's own. The German and French ones are the simulator's: an institution can change its labels
anyway.
"""

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "de", "fr"]

DESTINATION = (
    "Item's destination is: {destination}. Request/Process Type: {process}. Requester: {requester}. "
    "Requester ID: {requester_id}. Place in Queue: {place_in_queue}"
)
RESHELVE = "Reshelve to {place}"
MANAGE_LOCALLY = "Manage Locally ({place})"
ON_HOLD_SHELF = "On Hold Shelf"
FOR_RESHELVING = "Transit for reshelving"
FOR_PATRON = "Patron physical item request"
IN_PLACE = "Item in place"
NOT_IN_PLACE = "Item not in place"

_GERMAN = {
    DESTINATION: "Ziel des Exemplars: {destination}. Bestell-/Prozesstyp: {process}. Besteller: {requester}. "
    "ID des Bestellers: {requester_id}. Platz in der Warteschlange: {place_in_queue}",
    RESHELVE: "Rückstellen nach {place}",
    MANAGE_LOCALLY: "Lokal verwalten ({place})",
    ON_HOLD_SHELF: "Im Abholregal",
    FOR_RESHELVING: "Transport zum Rückstellen",
    FOR_PATRON: "Bestellung eines physischen Exemplars durch einen Benutzer",
    IN_PLACE: "Exemplar am Standort",
    NOT_IN_PLACE: "Exemplar nicht am Standort",
    "Book": "Buch",
    "Acquisition": "Erwerbung",
    "Claimed Returned": "Angeblich zurückgegeben",
    "Hold Shelf": "Abholregal",
    "Resource Sharing Request": "Fernleihbestellung",
    "Loan": "Ausleihe",
    "Lost Resource Sharing Item": "Fernleihexemplar verloren",
    "Lost": "Verloren",
    "Lost and paid": "Verloren und bezahlt",
    "Missing": "Vermisst",
    "Requested": "Bestellt",
    "Technical - Migration": "Technisch - Migration",
    "Transit": "Transport",
    "Transit to remote storage": "Transport ins Außenmagazin",
    "In Process": "In Bearbeitung",
}
_FRENCH = {
    DESTINATION: "Destination de l'exemplaire : {destination}. Type de demande/traitement : {process}. "
    "Demandeur : {requester}. Identifiant du demandeur : {requester_id}. Place dans la file : {place_in_queue}",
    RESHELVE: "Remettre en rayon à {place}",
    MANAGE_LOCALLY: "Gérer sur place ({place})",
    ON_HOLD_SHELF: "Sur l'étagère de réservation",
    FOR_RESHELVING: "En transit pour remise en rayon",
    FOR_PATRON: "Demande d'un exemplaire physique par un usager",
    IN_PLACE: "Exemplaire en rayon",
    NOT_IN_PLACE: "Exemplaire absent du rayon",
    "Book": "Livre",
    "Acquisition": "Acquisition",
    "Claimed Returned": "Déclaré rendu",
    "Hold Shelf": "Étagère de réservation",
    "Resource Sharing Request": "Demande de prêt entre bibliothèques",
    "Loan": "Prêt",
    "Lost Resource Sharing Item": "Exemplaire de prêt entre bibliothèques perdu",
    "Lost": "Perdu",
    "Lost and paid": "Perdu et payé",
    "Missing": "Manquant",
    "Requested": "Demandé",
    "Technical - Migration": "Technique - Migration",
    "Transit": "Transit",
    "Transit to remote storage": "Transit vers le magasin distant",
    "In Process": "En traitement",
}
TEXTS: dict[str, Mapping[str, str]] = {"en": {}, "de": _GERMAN, "fr": _FRENCH}
"""By language, a text for each English one; what is not in there stays English."""


def choose_texts(asked: str, default: Language) -> Mapping[str, str]:
    """Choose the texts of the language that was asked for, such as "de" or "de_CH"; of ``default`` if it is unknown."""
    return TEXTS.get(asked[:2].lower(), TEXTS[default])
