"""All directed worlds by the row that they belong to."""

from collections.abc import Mapping

from tests.mutate.directed import Scene
from tests.mutate.scenes_home import DRILLS, HOME_SCENES
from tests.mutate.scenes_leave import LEAVE
from tests.mutate.scenes_writes import WRITES

SCENES: Mapping[str, Scene] = {**LEAVE, **HOME_SCENES, **DRILLS, **WRITES}
