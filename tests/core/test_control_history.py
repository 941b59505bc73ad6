"""The history of controls: the journal's order counts, and a person's record is put in its place."""

from controller.core.incident.control_history import KEPT, History, as_of, placed, put, put_late


def test_a_history_keeps_the_latest_states_and_says_how_it_was() -> None:
    found: History = {}
    for n in range(KEPT + 5):
        found = put(found, {"a": bool(n % 2)}, 100.0 * n)
    assert len(found["a"]) == KEPT
    assert as_of(found, 0.0) == {"a": True}
    assert as_of(found, 3600.0) == {"a": True}
    assert as_of(found, 3600.1) == {"a": False}
    late = put_late(found, {"a": True}, 3650.0)
    assert as_of(late, 3700.0) == {"a": True}
    assert put(found, {"a": True}, 5.0)["a"][-1] == (100.0 * (KEPT + 4), True), "the journal's order counts"


def test_a_record_is_placed_where_what_it_read_fits() -> None:
    found = put(put({}, {"a": True}, 0.0), {"a": False}, 1000.0)
    was, then = {"a": True}, {"a": False}
    assert placed(found, was, then, 980.0, fresh=True) == 980.0, "a controller saw it 20 s later"
    assert placed(found, was, then, 1200.0, fresh=False) == 1000.0, "its clock is ahead"
    assert placed(found, then, was, 980.0, fresh=True) > 1000.0, "nobody saw it: it is the newest"
    assert placed(found, then, was, 3000.0, fresh=False) == 3000.0
    assert placed(found, was, then, 9000.0, fresh=False) == 9000.0, "no clock is so far ahead"
