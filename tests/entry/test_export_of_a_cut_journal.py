"""`tidegate audit export` and `verify` of a journal whose end was cut: exit codes, and what is named."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.entry.cli.main import main
from controller.steps.context.situation import FLEET
from tests.support.audit_bundle import Forger
from tests.support.demo_tables import FILES, Tables, tables
from tests.support.journal_places import truncated

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class Here:
    """The context of a command, over a demo's tables."""

    tables: Tables

    @property
    def deployment(self) -> Any:
        return self.tables.stage.deployment

    def deps(self) -> Any:
        return self.tables.fresh(self.tables.regions[0])


@pytest.fixture
def here(monkeypatch: Patch) -> Iterator[Tables]:
    """The command exports what a demo's tables hold, and signs with a key of the test's."""
    found = tables("region-dark")
    sources = "controller.entry.audit_sources"
    monkeypatch.setattr("controller.entry.cli.audit_export.open_context", lambda _name: Here(found))
    monkeypatch.setattr(f"{sources}.record_of", lambda _c, _p, broken: found.exportable(as_it_stands=broken))
    monkeypatch.setattr(f"{sources}.signer_of", lambda _context: Forger())
    yield found
    for journal in FILES:
        found.hold(journal)


@pytest.mark.parametrize("since", ["-2h", "-1m"], ids=["with its witnesses", "of a time with few"])
@pytest.mark.parametrize("journal", ["storefront", FLEET])
def test_nothing_is_exported_but_as_evidence_and_a_check_says_no(
    here: Tables, journal: str, since: str, tmp_path: Path, capsys: Capture
) -> None:
    bundle, key = tmp_path / "record.tar", tmp_path / "key.pem"
    key.write_text(Forger().public_key().pem)
    words = ["audit", "export", "--out", str(bundle), "--from", since]
    events = here.events[journal]
    assert main(words) == 0
    bundle.unlink()
    here.hold(journal, truncated(events, len(events) - 3))
    capsys.readouterr()
    assert (main(words), bundle.exists()) == (1, False)
    refused = capsys.readouterr().err
    assert f"it ends at event {len(events) - 4}; " in refused
    assert "saw event " in refused
    assert "`--broken` exports it as it stands" in refused
    assert main([*words, "--broken", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["broken"], told["wrong"]["file"] in FILES.values()) == (True, True)
    assert main(["audit", "verify", str(bundle), "--key", str(key), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["wrong"]) == ("broken evidence", None)
    assert "event " in f"{found['broken']['at']} {found['broken']['says']}"


def test_a_cut_is_seen_though_no_assessment_of_the_period_saw_what_is_gone(
    here: Tables, tmp_path: Path, capsys: Capture
) -> None:
    """The last assessment of each Region is asked, whatever its age."""
    begun = here.stage.kernel.now() - 7200.0
    events = here.events["storefront"]
    here.hold("storefront", truncated(events, len(events)))
    words = ["audit", "export", "--out", str(tmp_path / "record.tar"), "--from", "-3h", "--to", "-2h"]
    assert min(event.at for event in events) > begun, "the period is before all of it"
    assert main(words) == 1
    told = capsys.readouterr().err
    assert f"the last assessment of us-east-1 saw event {len(events)}" in told
