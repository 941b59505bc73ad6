"""`python -m tests.lab.outages [NAME]`: every named outage, whole, through the whole controller."""

import json
import sys
import tempfile
import time
from pathlib import Path

from controller.entry.works import works
from controller.lab.replay.lines import read_recording
from controller.lab.replay.play import replay
from tests.lab.outages.verdicts import cases, misses

failed = 0
for name, case in cases().items():
    if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
        continue
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        path.write_text("".join(json.dumps(event) + "\n" for event in case.events(whole=True)))
        told = replay(case.policy, read_recording(path), works(), alone=True)
    wrong = misses(case, told, whole=True)
    failed += bool(wrong)
    took = time.process_time() - began
    sys.stdout.write(
        f"{'NO' if wrong else 'ok':<3}{name:<44}{told['events']['read']:>6} events {took:>6.1f} s\n"
    )
    for each in wrong:
        sys.stdout.write(f"     {each}\n")
sys.exit(1 if failed else 0)
