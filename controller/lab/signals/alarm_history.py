"""The reader of alarm changes in the JSON answer of DescribeAlarmHistory.

It reads the changes without what they say of why.
```
 {"AlarmHistoryItems": [
    {"AlarmName": …, "AlarmType": …, "Timestamp": …, "HistoryItemType": "StateUpdate",
     "HistorySummary": "Alarm updated from OK to ALARM", "HistoryData": "…"}, …]}
```
`HistoryData` is most of the text, and JSON in a string; the summary says the same. So items are found by
their members as the AWS CLI writes them; where one does not look like that, the whole is read as JSON.
Source: CloudWatch API reference, DescribeAlarmHistory.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from controller.core.text import sanitize
from controller.lab.signals.metric_series import BadSeries
from controller.rehearsal.service import iso, millis

KEY = b'"AlarmHistoryItems"'
STATES = frozenset({"OK", "ALARM", "INSUFFICIENT_DATA"})
# Inside a string a quotation mark has a backslash before it, so none of this can be found in HistoryData.
_ITEM = re.compile(
    r'"AlarmName":\s*"([^"\\]*)",\s*"AlarmType":\s*"[A-Za-z]*",\s*'
    r'"Timestamp":\s*"([0-9]{4}-[0-9:.T-]{14,27}(?:Z|[+-][0-9]{2}:[0-9]{2}))",\s*"HistoryItemType":\s*"StateUpdate",\s*'
    r'"HistorySummary":\s*"Alarm updated from (OK|ALARM|INSUFFICIENT_DATA) to (OK|ALARM|INSUFFICIENT_DATA)"'
)
_SUMMARY = re.compile(r"Alarm updated from ([A-Z_]+) to ([A-Z_]+)")


class Change(NamedTuple):
    """Records that an alarm's state became another one.

    at: seconds since 1970.
    """

    at: float
    name: str
    before: str
    after: str


_made = partial(tuple.__new__, Change)
"""Makes a `Change` of its four members, in half the time.

There are tens of thousands.
"""


def read_history(data: bytes) -> list[Change]:
    """Return every change, oldest first. Raises `BadSeries`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSeries("is not UTF-8") from error
    changes = _quickly(text) or list(_read(text))
    if not changes:
        raise BadSeries("holds no change of an alarm's state")
    changes.sort()
    return changes


def _quickly(text: str) -> list[Change] | None:
    """Return the changes as the AWS CLI writes them.

    None where not every change is written so.
    """
    found = _ITEM.findall(text)
    if len(found) != text.count('"StateUpdate"'):
        return None
    if not found:
        return []
    names, times, before, after = zip(*found, strict=True)
    try:
        moments = map(datetime.timestamp, map(datetime.fromisoformat, times))
        return list(map(_made, zip(moments, names, before, after, strict=True)))
    except ValueError:
        return None


def _read(data: str) -> Iterator[Change]:
    try:
        whole = json.loads(data)
        items = whole["AlarmHistoryItems"]
        for item in items:
            if item["HistoryItemType"] == "StateUpdate":
                match = _SUMMARY.fullmatch(str(item["HistorySummary"]))
                if match is None:
                    raise BadSeries(
                        f"a summary is not understood: {sanitize(str(item['HistorySummary']), 80)}"
                    )
                yield _change(str(item["AlarmName"]), str(item["Timestamp"]), match[1], match[2])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadSeries("is not the answer of DescribeAlarmHistory") from error


def _change(name: str, when: str, before: str, after: str) -> Change:
    try:
        moment = datetime.fromisoformat(when)
        at = moment.timestamp() if moment.tzinfo else moment.replace(tzinfo=UTC).timestamp()
    except ValueError:
        try:
            at = float(when)
        except ValueError as error:
            raise BadSeries(f"{sanitize(when, 40)!r} is not a time") from error
    if before not in STATES or after not in STATES:
        raise BadSeries(f"{sanitize(after, 40)!r} is not a state of an alarm")
    return Change(at, name, before, after)


def history_events(changes: list[Change], *, region: str, account: str) -> Iterator[dict[str, Any]]:
    """Yield the events of these changes, as far as the history knows them."""
    for change in changes:
        arn = f"arn:aws:cloudwatch:{region}:{account}:alarm:{change.name}"
        number = sha256(f"{arn}/{change.at}".encode()).hexdigest()[:32]
        state = {"value": change.after, "reason": "from the alarm's history", "timestamp": millis(change.at)}
        yield {
            "version": "0", "id": number, "detail-type": "CloudWatch Alarm State Change",
            "source": "aws.cloudwatch", "account": account, "time": iso(change.at), "region": region,
            "resources": [arn],
            "detail": {"alarmName": change.name, "state": state, "previousState": {"value": change.before}},
        }  # fmt: skip
