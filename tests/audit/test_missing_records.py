"""Assessments that are missing are missing: by number, Region and time, and no gap of the controller's."""

import json
from typing import Any

import pytest

from controller.audit.bundle.manifest import GAPS
from controller.aws.dynamodb.assessment_items import place_of
from tests.audit.assessment_table import APP, AT, LOG, REGION, Table, known, said
from tests.support.audit_bundle import opened


def missing(first: int, last: int, since: str, until: str) -> str:
    which = f"assessment {first}" if first == last else f"assessments {first} to {last}"
    verb = "is" if first == last else "are"
    return (f"{LOG} record {first}: {which} of {REGION} {verb} missing, "
            f"between 2030-01-01T{since}Z and 2030-01-01T{until}Z")  # fmt: skip


def gaps(bundle: bytes) -> dict[str, Any]:
    return dict(json.loads(opened(bundle)[GAPS]))


def test_a_chain_without_a_hole_is_whole() -> None:
    table = Table(30)
    for begin, end in ((0, 30), (1, 29), (5, 20), (30, 30), (25, 40)):
        assert said(table.bundle(begin, end)) == "whole"
    assert said(Table().bundle(0, 10)) == "whole"
    assert gaps(table.bundle(1, 30))["nobody"]["spans"] == []


@pytest.mark.parametrize(
    ("gone", "begin", "end", "told"),
    [
        pytest.param([7], 0, 30, missing(7, 7, "00:06:00", "00:08:00"), id="one"),
        pytest.param(range(7, 13), 0, 30, missing(7, 12, "00:06:00", "00:13:00"), id="several"),
        pytest.param([7, 20], 0, 30, missing(7, 7, "00:06:00", "00:08:00"), id="the first of two holes"),
        pytest.param([1], 0, 30, missing(1, 1, "00:00:00", "00:02:00"), id="the very first"),
        pytest.param([5, 6], 5, 30, missing(6, 6, "00:05:00", "00:07:00"), id="at the begin"),
        pytest.param([29, 30], 0, 30, missing(29, 30, "00:28:00", "00:30:00"), id="the last ones"),
        pytest.param([19, 20], 0, 20, missing(19, 20, "00:18:00", "00:20:00"), id="at the end"),
        pytest.param([3, 4], 5, 30, "whole", id="before the period"),
        pytest.param([22, 23], 5, 20, "whole", id="after the period"),
    ],
)
def test_records_that_are_missing_are_named(gone: Any, begin: int, end: int, told: str) -> None:
    table = Table(30)
    table.delete(*gone)
    assert said(table.bundle(begin, end)) == told


def test_where_all_of_a_period_are_missing_the_head_or_a_later_record_tells() -> None:
    for later in (0, 5):
        table = Table(30)
        table.look(later)
        table.delete(*range(11, 31))
        whole = f"manifest.json record 30: assessment 30 of {REGION} is missing"
        assert said(table.bundle(10.5, 30)).startswith(whole)  # type: ignore[arg-type]


def test_s18_what_somebody_deleted_is_no_gap_of_the_controllers() -> None:
    """Found: gaps.json blamed tidegate for records that were deleted."""
    table = Table(60)
    blamed = gaps(table.bundle())
    table.delete(*range(20, 40))
    found = gaps(table.bundle())
    for name in ("by_controller", "nobody"):
        assert found[name] == blamed[name]
    assert found["missing"] == {
        REGION: [{"first": 20, "last": 39, "from": "2030-01-01T00:19:00Z", "to": "2030-01-01T00:40:00Z"}]
    }
    table.minutes += 20  # and now nobody looks for a while
    table.look()
    spans = gaps(table.bundle())["by_controller"][REGION]["spans"]
    assert [span["from"] for span in spans][-1:] == ["2030-01-01T01:02:30Z"]


def test_283_deleted_assessments_do_not_pass() -> None:
    """Found: a later bundle of the same period lacked 283 records of an earlier one, and was whole.

    Deleted with the head of the chain, so that the writer went on as if they had never been.
    """
    table = Table(300)
    earlier = table.bundle()
    table.delete(*range(18, 301), head=True)
    table.look(5)
    later = table.bundle()
    assert said(later) == "whole"  # it is whole in itself: no number is missing
    assert said(later, earlier) == (
        f"{LOG} record 18: it is missing; the earlier bundle had it, of 2030-01-01T00:18:00Z"
    )
    assert said(table.bundle(301), earlier) == "whole"  # of a time that the earlier one does not speak of


@pytest.mark.parametrize("gone", [[1], [150], [300], range(290, 301)])
def test_what_an_earlier_bundle_had_must_be_there(gone: Any) -> None:
    table = Table(300)
    earlier = table.bundle()
    table.look(10)
    assert said(table.bundle(), earlier) == "whole"
    assert said(table.bundle(100, 310), earlier) == "whole"
    assert said(table.bundle(100, 200), earlier) == "whole"
    table.delete(*gone)
    assert "missing" in said(table.bundle(), earlier)


def test_s22_another_record_at_the_same_number_is_found_by_the_earlier_bundle() -> None:
    table, other = Table(10), Table(10)
    earlier = table.bundle()
    (item,) = [i for i in other.client.scan(TableName=other.name)["Items"] if i["at"]["N"] == "1893456600"]
    forged = Table(9)
    forged.minutes = 10
    forged.client.put_item(TableName=forged.name, Item=item | {"hash": {"S": "1" * 64}})
    assert said(forged.bundle(0, 9), earlier) == "whole"
    forged.delete(10)
    forged.minutes = 9.5  # type: ignore[assignment]
    forged.look()
    forged.minutes = 11
    assert said(forged.bundle(0, 11), earlier).startswith(f"{LOG} record 10: it is missing")


def test_a_whole_region_that_is_gone_is_missed() -> None:
    table = Table(10)
    earlier = table.bundle()
    told = "manifest.json : it holds no assessments of us-east-2; the earlier bundle had 10 of this period"
    assert said(table.bundle(logs={}), earlier) == told
    assert said(table.bundle(11, 20, logs={}), earlier) == "whole"


def test_a_number_that_comes_twice_is_a_fork() -> None:
    """Two heads: somebody set the table's back."""
    table = Table(10)
    key = {"application": {"S": f"head#{APP}"}, "at": {"N": "0"}}
    head = table.client.get_item(TableName=table.name, Key=key)["Item"]
    table.look(2)
    table.client.put_item(TableName=table.name, Item=head)
    table.look(2)
    assert said(table.bundle()) == f"{LOG} record 13: expected record 13; record 11 stands there"


def test_records_from_before_the_chain_are_checked_as_before_and_the_chain_goes_on_from_them() -> None:
    table = Table()
    last = table.old(10)
    table.look(10)
    assert said(table.bundle()) == "whole"
    assert known(table.bundle()).notes == (
        f"10 assessments of {REGION} have no number: an older version wrote them",
    )
    table.old(2, last)  # an old process beside the new one
    table.look(3)
    assert said(table.bundle()) == "whole"
    assert known(table.bundle()).notes[0].endswith("wrote them, 2 of them after one that has")
    assert said(table.bundle(15)) == "whole"
    table.delete(5)
    found = known(table.bundle())
    assert found.manifest is not None
    assert found.manifest.assessments[REGION].unlinked == (5,)
    table.delete(10)
    found = known(table.bundle(6))
    assert found.manifest is not None
    # The first of it, the first with a number, and the old process's: what they follow is gone.
    assert found.manifest.assessments[REGION].unlinked == (1, 5, 15)


def test_a_bundle_of_old_records_is_held_to_an_earlier_one_too() -> None:
    table = Table()
    last = table.old(20)
    earlier = table.bundle()
    table.old(5, last)
    assert said(table.bundle(), earlier) == "whole"
    table.delete(*range(8, 12))
    assert said(table.bundle(), earlier) == (
        f"{LOG} record of 2030-01-01T00:08:00Z: it is missing; "
        "the earlier bundle had it, of 2030-01-01T00:08:00Z"
    )


def test_what_expired_before_the_export_is_no_hole_and_is_said() -> None:
    table = Table(30)
    table.delete(*range(1, 13))  # DynamoDB deletes in no order what has expired
    table.delete(14)
    assert said(table.bundle()) != "whole"
    found = known(table.bundle(kept_from=AT + 15 * 60))
    assert found.notes == (
        f"assessments of {REGION} from before 2030-01-01T00:15:00Z had expired when it was exported",
    )
    assert gaps(table.bundle(kept_from=AT + 15 * 60))["missing"] == {}
    table.delete(16)
    assert "assessment 16 of us-east-2 is missing" in said(table.bundle(kept_from=AT + 15 * 60))


def test_what_is_written_while_an_export_reads_is_no_hole() -> None:
    """The desk's clock is ahead, and controllers go on: records of the period come after it was read."""

    class Busy:
        def __init__(self, table: Table) -> None:
            self.real, self.table = table.record().logs[REGION], table

        def following(self, application: str, at: float) -> Any:
            return self.real.following(application, at)

        def end(self, application: str) -> Any:
            found = self.real.end(application)
            self.table.look(2)
            return found

        def links(self, application: str, start: float, end: float) -> Any:
            yield from self.real.links(application, start, end)
            self.table.look(1)

    table = Table(10)
    bundle = table.bundle(0, 60, logs={REGION: Busy(table)})
    assert said(bundle) == "whole"


def test_without_the_head_of_a_chain_nobody_can_tell_what_came_last_and_that_is_said() -> None:
    table = Table(10)
    table.delete(head=True)
    found = known(table.bundle())
    assert found.manifest is not None
    assert found.manifest.unread[0].startswith(f"the head of the assessments of {REGION}: it is gone")


def test_a_clock_that_was_set_back_leaves_one_chain_and_looks_are_where_the_clock_was() -> None:
    table = Table(10)
    table.minutes = 20
    table.look(5)  # ten minutes fast
    table.minutes = 15
    table.look(20)
    items = [i for i in table.client.scan(TableName=table.name)["Items"] if "prev" in i]
    assert len([item for item in items if place_of(item).clock is not None]) == 10
    bundle = table.bundle(1, 35)
    assert said(bundle) == "whole"
    assert (
        gaps(bundle)["by_controller"][REGION]["seconds"] == 210.0
    )  # from minute 10 to 16, less what a look lasts
