"""The results of cases as JUnit's XML, as CI systems read it."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from controller.core.text import sanitize
from controller.lab.cases.run import Difference, Report, clock


def junit(reports: Sequence[Report]) -> bytes:
    """Return one `testsuite` for each file and one `testcase` for each case.

    A failure holds the differences.
    """
    root = ET.Element("testsuites")
    for report in reports:
        failed = sum(not result.passed for result in report.results)
        counts = {"tests": str(len(report.results)), "failures": str(failed), "errors": "0", "skipped": "0"}
        suite = ET.SubElement(root, "testsuite", {"name": sanitize(report.file.file, 300), **counts})
        for result in report.results:
            where = {"file": sanitize(report.file.file, 300), "line": str(result.line)}
            name = {"classname": report.file.policy.application, "name": sanitize(result.case.case, 200)}
            case = ET.SubElement(suite, "testcase", {**name, **where})
            if not result.passed:
                first = result.differences[0]
                told = {
                    "message": sanitize(f"{first.what}: expected {first.expected}, found {first.found}", 300)
                }
                failure = ET.SubElement(case, "failure", told)
                failure.text = "\n".join(
                    line for each in result.differences for line in difference_lines(each)
                )
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def difference_lines(difference: Difference) -> tuple[str, ...]:
    """Return the lines that show a difference to people.

    The expected and the found value stand one above the other; the reasons follow.
    """
    at = f"{clock(difference.at):>7}  {difference.what}"
    pad = " " * 9
    return (
        at,
        f"{pad}- expected  {sanitize(difference.expected, 300)}",
        f"{pad}+ found     {sanitize(difference.found, 300)}",
        *(f"{pad}  {sanitize(line, 400)}" for line in difference.why),
    )
