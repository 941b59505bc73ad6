"""Bundles that earlier versions exported: verify says of each what it is.

Those of commit c4a9c67 are from before records had numbers: verify says what that commit said. A run of
`region-dark` by one controller, one of `controller-dies` by three; signed by the rehearsal's key.
Some were changed in their tables first, or in the bundle: `verdicts.json` holds what c4a9c67 said of each.
"""

import io
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from controller.audit.bundle.manifest import FORMS, Manifest
from controller.audit.bundle.verify import verify
from tests.support.sources import existing

HERE = Path(__file__).parent / "c4a9c67"
BUNDLES = existing(HERE.glob("*.tar.xz"), least=8)
VERDICTS: dict[str, Any] = json.loads((HERE / "verdicts.json").read_text(encoding="utf-8"))
KEY = (HERE / "demo.pem").read_bytes()


def name_of(file: Path) -> str:
    return file.name.removesuffix(".tar.xz")


@pytest.mark.parametrize("file", BUNDLES, ids=name_of)
def test_verify_says_of_an_older_bundle_what_the_version_that_made_it_said(file: Path) -> None:
    said = VERDICTS[name_of(file)]
    found = verify(io.BytesIO(lzma.decompress(file.read_bytes())), KEY)
    wrong = found.wrong and {"file": found.wrong.file, "at": found.wrong.where, "says": found.wrong.sentence}
    assert (found.wrong is None, wrong) == (said["whole"], said["wrong"])
    assert found.verdict == ("whole" if said["whole"] else "not whole")
    if said["whole"]:
        assert found.notes[0].startswith("an older form: its assessments have no numbers")
        assert len(found.notes) == 1 + ("cut" in file.name)  # that something is missing is newly known
    if found.manifest is not None:
        logs = found.manifest.assessments.items()
        assert {region: len(log.unlinked) for region, log in logs} == said["unlinked"]


def test_there_are_bundles_that_are_whole_and_some_that_are_not() -> None:
    assert {name_of(file) for file in BUNDLES} == set(VERDICTS)
    assert sorted(verdict["whole"] for verdict in VERDICTS.values()) == [False] * 3 + [True] * 5


FORMED = existing((Path(__file__).parent).glob("forms-*/*.tar.xz"), least=6)


@pytest.mark.parametrize("file", FORMED, ids=lambda file: f"{file.parent.name}/{name_of(file)}")
def test_extracts_are_derived_in_the_form_that_their_bundle_names(file: Path) -> None:
    """Where this fails, another sentence or member gives other bytes: that is another form.

    Raise its number in `FORMS`, and run `python -m tests.golden.bundles`.
    """
    found = verify(io.BytesIO(lzma.decompress(file.read_bytes())), (file.parent / "key.pem").read_bytes())
    assert isinstance(found.manifest, Manifest)
    if found.manifest.forms == FORMS:
        assert (found.verdict, found.wrong) == ("whole", None)
    else:
        assert found.wrong is not None
        assert found.wrong.sentence.startswith("not checked: it is of form")


def test_there_are_bundles_of_the_forms_of_this_version() -> None:
    numbers = "-".join(str(FORMS[name]) for name in sorted(FORMS))
    assert f"forms-{numbers}" in {file.parent.name for file in FORMED}
