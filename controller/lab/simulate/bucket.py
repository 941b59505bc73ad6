"""Objects that move traffic, as seen from outside: tells of one that was replaced or deleted unseen."""

import re
from dataclasses import dataclass, field
from html import unescape

from controller.rehearsal.protocol.message import Request, Response

_LISTED = re.compile(r"<Key>(.*?)</Key><ETag>(.*?)</ETag>")


@dataclass
class Objects:
    """now: address -> ETag of what is there. seen: home and address -> the ETag that it was last shown."""

    now: dict[str, str] = field(default_factory=dict)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, home: str, request: Request, response: Response) -> str | None:
        """Note what was done; the sentence where it should not have been."""
        address = request.headers.get("host", "").partition(".s3.")[0] + request.path
        if response.status not in (200, 204):
            return None
        if request.method == "GET":
            shown = _LISTED.findall(response.body.decode())
            place = address.rstrip("/") + "/"
            self.seen |= {(home, place + unescape(key)): unescape(tag) for key, tag in shown}
        elif request.method == "PUT":
            before = self.now.get(address)
            self.now[address] = response.headers.get("ETag", "")
            return f"{address} was there and was written over" if before else None
        elif request.method == "DELETE":
            there = self.now.pop(address, "")
            if there and there != self.seen.get((home, address)):
                return f"{home} deleted {address}, made since it looked"
        return None
