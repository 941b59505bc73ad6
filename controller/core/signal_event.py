"""What any monitor may send to be evidence: an EventBridge event with this `detail` (docs/events.md).

source        tidegate.signal
detail-type   tidegate.signal/v1
detail        SignalEvent; published as schemas/tidegate.signal.v1.json
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from controller.core.terms import EVENT, NAME

SIGNAL_SOURCE = "tidegate.signal"
SIGNAL_SCHEMA = "tidegate.signal/v1"
PREFIX = "event"
"""The kind of such a signal, in its identity."""

ANY_REGION = r"^[a-z]{2,4}(-[a-z]{1,12}){1,3}-[0-9]{1,2}$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})$"

Region = Annotated[str, StringConstraints(pattern=ANY_REGION, max_length=32)]
Name = Annotated[str, StringConstraints(pattern=NAME)]


class SignalEvent(BaseModel):
    """The `detail` of a `tidegate.signal/v1` event. Members may be added within v1, so others are let be."""

    model_config = ConfigDict(frozen=True, strict=True, title=SIGNAL_SCHEMA)

    application: Name = Field(description="the policy's `application`")
    family: Name = Field(description="the family under the policy's `signals`")
    name: Annotated[str, StringConstraints(pattern=EVENT)] = Field(description="the policy's `event`")
    region: Region = Field(description="the Region that it is about")
    observer: Region = Field(description="the Region that it was seen from")
    state: Literal["breaching", "healthy", "unknown"] = Field(
        description="as it is now: sent again while it stays so, at least twice in `silentAfter`"
    )
    since: str = Field(pattern=MOMENT, max_length=40, description="when that state began, ISO 8601")
    reason: str = Field(default="", max_length=1000, description="for people; the first 150 characters count")

    @property
    def identity(self) -> str:
        """What of it makes the signal that it is of; no part can hold a `/`."""
        return f"{self.application}/{self.family}/{self.region}/{self.name}"


def json_schema() -> dict[str, Any]:
    """The published schema. Python's `$` also ends before a last newline; the model's does not."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SIGNAL_SCHEMA,
        **SignalEvent.model_json_schema(),
    }
