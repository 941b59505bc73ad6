"""The timeline of a run as parsed SVG, and its parts."""

import xml.etree.ElementTree as ET
from typing import Any

from controller.audit.report.timeline_svg import timeline
from tests.audit.example_run import story

SVG = "{http://www.w3.org/2000/svg}"


def drawn(**changes: Any) -> ET.Element:
    return ET.fromstring(timeline(story(**changes)))


def classed(root: ET.Element, name: str) -> list[ET.Element]:
    return [each for each in root.iter() if each.get("class") == name]


def words(root: ET.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]
