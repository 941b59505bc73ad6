"""The definition of an alarm in a file: CloudFormation's property names, YAML or JSON."""

from pathlib import Path
from typing import Any

from controller.core.text import sanitize
from controller.lab.policy_files.loader import read_document
from controller.lab.policy_files.positions import Located, PolicyRefused
from controller.rehearsal.service import ACCOUNT, AwsError
from controller.rehearsal.services.cloudwatch.alarm_model import INITIAL, Alarm, State
from controller.rehearsal.services.cloudwatch.alarm_settings import metric_config
from controller.rehearsal.services.cloudwatch.m_of_n import StateValue


def read_alarm(path: Path, *, region: str, account: str = ACCOUNT, begun: float = 0.0) -> Alarm:
    """Return the alarm in the file. Raises `PolicyRefused`.

    It is in the state that every alarm begins in.
    """
    document = read_document(path)
    file = sanitize(str(path), 300)
    if document.faults:
        fault = document.faults[0]
        problem = Located(file, fault.place.line, fault.place.column, fault.message, fault.hint)
        raise PolicyRefused((problem,))
    found = document.data
    where: tuple[str | int, ...] = ()
    if isinstance(found, dict) and isinstance(found.get("Properties"), dict):
        found, where = found["Properties"], ("Properties",)
    place = document.places.value(where)
    if not isinstance(found, dict):
        raise PolicyRefused(
            (Located(file, 1, 1, "expected an alarm: a mapping of CloudFormation's properties"),)
        )
    return _alarm(found, Located(file, place.line, place.column, ""), region, account, begun)


def _alarm(found: dict[str, Any], at: Located, region: str, account: str, begun: float) -> Alarm:
    def refused(message: str) -> PolicyRefused:
        return PolicyRefused((Located(at.file, at.line, at.column, message),))

    name = found.get("AlarmName")
    if not isinstance(name, str) or not 1 <= len(name) <= 255 or sanitize(name, 255) != name:
        raise refused("AlarmName is needed: a text of 1 to 255 visible characters")
    try:
        config = metric_config(found)
    except AwsError as error:
        raise refused(error.message) from error
    except (TypeError, ValueError, KeyError) as error:
        raise refused(f"a property has a value of the wrong type: {sanitize(str(error), 120)}") from error
    if not isinstance(config["Threshold"], int | float) or isinstance(config["Threshold"], bool):
        raise refused("Threshold must be a number")
    arn = f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"
    initial: StateValue = "INSUFFICIENT_DATA"
    return Alarm(name, arn, config, begun, begun, State(initial, INITIAL, begun))
