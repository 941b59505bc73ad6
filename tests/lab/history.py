"""`python -m tests.lab.history FOLDER`: the worked example of docs/backtest.md, as files for the command.

The facts (docs/backtest/us-east-1-2018-2021.csv) are AWS's own: what it posted, when, and from when to when
it says that customers were affected. What one application's instruments saw is made up, by one rule:

```
 an incident of DynamoDB, Lambda, API Gateway or ELB in the Region   customers fail from its start to its end
 an incident of one zone, of whatever service                        customers fail for four minutes
 posts about the four services                                       notices of AWS Health, open and closed
```
"""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.lab.outages.events import Event, alarm, health, moment

FACTS = Path(__file__).parents[2] / "docs" / "backtest" / "us-east-1-2018-2021.csv"
USED = {"dynamodb": "DYNAMODB", "lambda": "LAMBDA", "apigateway": "APIGATEWAY", "elb": "ELB"}
BEGIN, END = moment("2018-05-01T00:00:00Z"), moment("2022-01-01T00:00:00Z")
EAST, WEST = "us-east-1", "us-west-2"
FELT = 240.0
Span = tuple[float, float]


def facts() -> list[Mapping[str, str]]:
    with FACTS.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def impaired(incidents: Sequence[Mapping[str, str]]) -> list[Span]:
    """When the application's customers failed for good: the labels."""
    return merged([_impact(each) for each in incidents if _hit(each)])


def _hit(incident: Mapping[str, str]) -> bool:
    return bool(incident["service"] in USED and incident["scope"] != "az" and incident["impact_start"])


def _impact(incident: Mapping[str, str]) -> Span:
    return moment(incident["impact_start"]), moment(incident["impact_end"])


def merged(found: Sequence[Span]) -> list[Span]:
    whole: list[Span] = []
    for begin, end in sorted(found):
        if whole and begin <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        elif end > begin:
            whole.append((begin, end))
    return whole


def events() -> list[Event]:
    """Every raw event, in order of arrival."""
    incidents = facts()
    zones = [_impact(each)[0] for each in incidents if each["scope"] == "az" and each["impact_start"]]
    ill = merged([*impaired(incidents), *((at, at + FELT) for at in zones)])
    found: list[Event] = []
    for part in ("checkout", "5xx"):
        found += [alarm(BEGIN, region=region, part=part, value="OK", before="OK") for region in (EAST, WEST)]
        for begin, end in ill:
            found.append(alarm(begin + 125.0, region=EAST, part=part, value="ALARM", before="OK"))
            found.append(alarm(end + 125.0, region=EAST, part=part, value="OK", before="ALARM"))
        found.append(alarm(END, region=WEST, part=part, value="OK", before="OK"))
    for number, incident in enumerate(incidents):
        if incident["service"] in USED:
            found += _posts(incident, number)
    return sorted(found, key=lambda event: (event["time"], event["id"]))


def _posts(incident: Mapping[str, str], number: int) -> list[Event]:
    first, last = moment(incident["first_post"]), moment(incident["last_post"])
    last = max(last, first + 60.0)
    zone = incident["scope"] == "az"
    text = "Connectivity issues in a single Availability Zone." if zone else "Increased error rates."
    key, service = f"{number}", USED[incident["service"]]
    return [
        health(first, region=EAST, service=service, text=text, began=first, key=key),
        health(last, region=EAST, service=service, text="[RESOLVED]", began=first, ended=last, key=key),
    ]


def labels() -> str:
    def utc(at: float) -> str:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    rows = [f"{EAST},{utc(begin)},{utc(end)}" for begin, end in impaired(facts())]
    return "\n".join(["region,start,end", *rows]) + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events()))
    (folder / "labels.csv").write_text(labels())
