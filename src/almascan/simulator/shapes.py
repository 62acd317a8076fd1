"""Other shapes of the same answer: what readings of the wire format make of a structure; ``docs/alma.md`` "Errors"."""

from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import urlsplit

from almascan.simulator.answers import Answer

_ANSWER_READINGS = frozenset(
    {
        "requested-null",
        "requested-absent",
        "no-awaiting-reshelving",
        "empty-null",
        "empty-bare",
        "relative-links",
        "single-object",
    }
)


class Shapes:
    """Shapes answers and refusals as the readings say.

    Attributes:
        changes_answers: Whether any reading is of answers that are no refusals.
    """

    def __init__(self, readings: AbstractSet[str]) -> None:
        self._readings = readings
        self.changes_answers = bool(readings & _ANSWER_READINGS)

    def shape_answer(self, answer: Answer, *, json: bool) -> Answer:
        """Shape an answer; a list of one stays a list in XML, where it makes no difference."""
        return self._shape_object(answer, json=json)

    def shape_error(self, error: Answer) -> Answer:
        """Shape a refusal in JSON, as ``markup.make_error`` makes it."""
        readings, shaped = self._readings, dict(error)
        (entry,) = error["errorList"]["error"]
        if "error-code-number" in readings and entry["errorCode"].isdigit():
            entry = entry | {"errorCode": int(entry["errorCode"])}
        shaped["errorList"] = {"error": entry if "error-single" in readings else [entry]}
        if "errors-exist-text" in readings:
            shaped["errorsExist"] = "true"
        if "error-without-result" in readings:
            del shaped["result"]
        return {"web_service_result": shaped} if "error-wrapped" in readings else shaped

    def _shape(self, name: str, value: Any, *, json: bool) -> Any:
        if isinstance(value, dict):
            return self._shape_object(value, json=json)
        if isinstance(value, list):
            shaped = [self._shape(name, entry, json=json) for entry in value]
            alone = json and len(shaped) == 1 and isinstance(shaped[0], dict) and "single-object" in self._readings
            return shaped[0] if alone else shaped
        if name == "link" and "relative-links" in self._readings:
            return urlsplit(value).path
        return None if name == "requested" and "requested-null" in self._readings else value

    def _shape_object(self, value: Answer, *, json: bool) -> Answer:
        if "value" in value and value["value"] in ("", None):
            return self._shape_empty(value)
        return {
            name: self._shape(name, child, json=json) for name, child in value.items() if not self._is_left_out(name)
        }

    def _shape_empty(self, value: Answer) -> Answer:
        if "empty-bare" in self._readings:
            return {"value": ""}
        return {"value": None, "desc": None} if "empty-null" in self._readings else value

    def _is_left_out(self, name: str) -> bool:
        return (name == "requested" and "requested-absent" in self._readings) or (
            name == "awaiting_reshelving" and "no-awaiting-reshelving" in self._readings
        )
