"""The story of an incident knows how every control stood, also those that the incident left alone."""

from controller.console.pages.timeline import story_of
from controller.console.view_data import Seen
from controller.core.incident.fold import fold
from controller.core.journal.kind import Kind
from tests.support.policy_scene import CONFIRMED, EAST, OPENED, OTHER, T0, WEST, journal, loaded, storefront


def test_slices_that_the_incident_left_alone_stand_as_the_journal_said() -> None:
    regions = {r: {"controls": [f"{r}-0", f"{r}-1"]} for r in (EAST, WEST, OTHER)}
    policy = storefront(regions=regions)
    stood = {
        name: name in (f"{EAST}-0", f"{OTHER}-1") for each in regions.values() for name in each["controls"]
    }
    kind, data = loaded(policy)
    moved = {f"{EAST}-0": True, f"{WEST}-0": False}
    intended = {"changes": [[f"{WEST}-0", True], [f"{EAST}-0", False]], "before": moved}
    events = journal((kind, data | {"controls": stood}), OPENED, CONFIRMED, (Kind.SHIFT_INTENDED, intended))
    state = fold("storefront", events)
    assert state.open is not None
    story = story_of(policy, state.open, Seen(T0, state, tuple(events), None, None), ())
    assert story.before == stood
    assert story.slices_off_at() is None
