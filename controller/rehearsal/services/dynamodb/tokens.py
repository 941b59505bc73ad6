"""The tokens of an expression's text, and the reader of them.

The reserved words are those that DynamoDB refuses as bare attribute names (developer guide, "Reserved words
in DynamoDB").
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from controller.rehearsal.services.dynamodb.errors import invalid

_RESERVED_WORDS = """
ABORT ABSOLUTE ACTION ADD AFTER AGENT AGGREGATE ALL ALLOCATE ALTER ANALYZE AND ANY ARCHIVE ARE ARRAY AS
ASC ASCII ASENSITIVE ASSERTION ASYMMETRIC AT ATOMIC ATTACH ATTRIBUTE AUTH AUTHORIZATION AUTHORIZE AUTO
AVG BACK BACKUP BASE BATCH BEFORE BEGIN BETWEEN BIGINT BINARY BIT BLOB BLOCK BOOLEAN BOTH BREADTH BUCKET
BULK BY BYTE CALL CALLED CALLING CAPACITY CASCADE CASCADED CASE CAST CATALOG CHAR CHARACTER CHECK CLASS
CLOB CLOSE CLUSTER CLUSTERED CLUSTERING CLUSTERS COALESCE COLLATE COLLATION COLLECTION COLUMN COLUMNS
COMBINE COMMENT COMMIT COMPACT COMPILE COMPRESS CONDITION CONFLICT CONNECT CONNECTION CONSISTENCY
CONSISTENT CONSTRAINT CONSTRAINTS CONSTRUCTOR CONSUMED CONTINUE CONVERT COPY CORRESPONDING COUNT COUNTER
CREATE CROSS CUBE CURRENT CURSOR CYCLE DATA DATABASE DATE DATETIME DAY DEALLOCATE DEC DECIMAL DECLARE
DEFAULT DEFERRABLE DEFERRED DEFINE DEFINED DEFINITION DELETE DELIMITED DEPTH DEREF DESC DESCRIBE
DESCRIPTOR DETACH DETERMINISTIC DIAGNOSTICS DIRECTORIES DISABLE DISCONNECT DISTINCT DISTRIBUTE DO DOMAIN
DOUBLE DROP DUMP DURATION DYNAMIC EACH ELEMENT ELSE ELSEIF EMPTY ENABLE END EQUAL EQUALS ERROR ESCAPE
ESCAPED EVAL EVALUATE EXCEEDED EXCEPT EXCEPTION EXCEPTIONS EXCLUSIVE EXEC EXECUTE EXISTS EXIT EXPLAIN
EXPLODE EXPORT EXPRESSION EXTENDED EXTERNAL EXTRACT FAIL FALSE FAMILY FETCH FIELDS FILE FILTER FILTERING
FINAL FINISH FIRST FIXED FLATTERN FLOAT FOR FORCE FOREIGN FORMAT FORWARD FOUND FREE FROM FULL FUNCTION
FUNCTIONS GENERAL GENERATE GET GLOB GLOBAL GO GOTO GRANT GREATER GROUP GROUPING HANDLER HASH HAVE HAVING
HEAP HIDDEN HOLD HOUR IDENTIFIED IDENTITY IF IGNORE IMMEDIATE IMPORT IN INCLUDING INCLUSIVE INCREMENT
INCREMENTAL INDEX INDEXED INDEXES INDICATOR INFINITE INITIALLY INLINE INNER INNTER INOUT INPUT
INSENSITIVE INSERT INSTEAD INT INTEGER INTERSECT INTERVAL INTO INVALIDATE IS ISOLATION ITEM ITEMS
ITERATE JOIN KEY KEYS LAG LANGUAGE LARGE LAST LATERAL LEAD LEADING LEAVE LEFT LENGTH LESS LEVEL LIKE
LIMIT LIMITED LINES LIST LOAD LOCAL LOCALTIME LOCALTIMESTAMP LOCATION LOCATOR LOCK LOCKS LOG LOGED LONG
LOOP LOWER MAP MATCH MATERIALIZED MAX MAXLEN MEMBER MERGE METHOD METRICS MIN MINUS MINUTE MISSING MOD
MODE MODIFIES MODIFY MODULE MONTH MULTI MULTISET NAME NAMES NATIONAL NATURAL NCHAR NCLOB NEW NEXT NO
NONE NOT NULL NULLIF NUMBER NUMERIC OBJECT OF OFFLINE OFFSET OLD ON ONLINE ONLY OPAQUE OPEN OPERATOR
OPTION OR ORDER ORDINALITY OTHER OTHERS OUT OUTER OUTPUT OVER OVERLAPS OVERRIDE OWNER PAD PARALLEL
PARAMETER PARAMETERS PARTIAL PARTITION PARTITIONED PARTITIONS PATH PERCENT PERCENTILE PERMISSION
PERMISSIONS PIPE PIPELINED PLAN POOL POSITION PRECISION PREPARE PRESERVE PRIMARY PRIOR PRIVATE
PRIVILEGES PROCEDURE PROCESSED PROJECT PROJECTION PROPERTY PROVISIONING PUBLIC PUT QUERY QUIT QUORUM
RAISE RANDOM RANGE RANK RAW READ READS REAL REBUILD RECORD RECURSIVE REDUCE REF REFERENCE REFERENCES
REFERENCING REGEXP REGION REINDEX RELATIVE RELEASE REMAINDER RENAME REPEAT REPLACE REQUEST RESET
RESIGNAL RESOURCE RESPONSE RESTORE RESTRICT RESULT RETURN RETURNING RETURNS REVERSE REVOKE RIGHT ROLE
ROLES ROLLBACK ROLLUP ROUTINE ROW ROWS RULE RULES SAMPLE SATISFIES SAVE SAVEPOINT SCAN SCHEMA SCOPE
SCROLL SEARCH SECOND SECTION SEGMENT SEGMENTS SELECT SELF SEMI SENSITIVE SEPARATE SEQUENCE SERIALIZABLE
SESSION SET SETS SHARD SHARE SHARED SHORT SHOW SIGNAL SIMILAR SIZE SKEWED SMALLINT SNAPSHOT SOME SOURCE
SPACE SPACES SPARSE SPECIFIC SPECIFICTYPE SPLIT SQL SQLCODE SQLERROR SQLEXCEPTION SQLSTATE SQLWARNING
START STATE STATIC STATUS STORAGE STORE STORED STREAM STRING STRUCT STYLE SUB SUBMULTISET SUBPARTITION
SUBSTRING SUBTYPE SUM SUPER SYMMETRIC SYNONYM SYSTEM TABLE TABLESAMPLE TEMP TEMPORARY TERMINATED TEXT
THAN THEN THROUGHPUT TIME TIMESTAMP TIMEZONE TINYINT TO TOKEN TOTAL TOUCH TRAILING TRANSACTION TRANSFORM
TRANSLATE TRANSLATION TREAT TRIGGER TRIM TRUE TRUNCATE TTL TUPLE TYPE UNDER UNDO UNION UNIQUE UNIT
UNKNOWN UNLOGGED UNNEST UNPROCESSED UNSIGNED UNTIL UPDATE UPPER URL USAGE USE USER USERS USING UUID
VACUUM VALUE VALUED VALUES VARCHAR VARIABLE VARIANCE VARINT VARYING VIEW VIEWS VIRTUAL VOID WAIT WHEN
WHENEVER WHERE WHILE WINDOW WITH WITHIN WITHOUT WORK WRAPPED WRITE YEAR ZONE
"""

RESERVED = frozenset(_RESERVED_WORDS.split())


Kind = Literal["name", "hash", "value", "index", "op", "end"]
MAX_EXPRESSION, MAX_DEPTH = 4096, 100

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<hash>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<index>\[\s*[0-9]+\s*\])|(?P<op><>|<=|>=|[=<>(),.+-]))"
)
_KEYWORDS = frozenset(("AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"))

_BEFORE_GROUP = frozenset(("AND", "OR", "NOT", "BETWEEN"))


class Token(NamedTuple):
    kind: Kind
    text: str


class Attribute(NamedTuple):
    """One step of a document path: a name or a list index.

    A name is bare, or a `#` placeholder.
    """

    name: str
    position: int = -1


Path = tuple[Attribute, ...]


@lru_cache(maxsize=2048)
def tokens(what: str, text: str) -> tuple[Token, ...]:
    if not text.strip():
        raise invalid(f"Invalid {what}: The expression can not be empty;")
    if len(text) > MAX_EXPRESSION:
        raise invalid(f"Invalid {what}: Expression size has exceeded the maximum allowed size;")
    found: list[Token] = []
    place, text = 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise invalid(f'Invalid {what}: Syntax error; token: "{text[place:].strip()[:1]}"')
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        found.append(Token(kind, match[kind]))
        place = match.end()
    return tuple(found)


@lru_cache(maxsize=2048)
def _closings(items: tuple[Token, ...]) -> dict[int, int]:
    """Return the place of each opening parenthesis with that of its closing one."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for place, token in enumerate(items):
        if token == Token("op", "("):
            opened.append(place)
        elif token == Token("op", ")") and opened:
            found[opened.pop()] = place
    return found


@dataclass
class Reader:
    """A reader of one expression, from left to right.

    It notes the placeholders that it meets.
    """

    what: str
    items: tuple[Token, ...]
    place: int = 0
    names: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    depth: int = 0

    def peek(self) -> Token:
        return self.items[self.place] if self.place < len(self.items) else Token("end", "<EOF>")

    def next(self) -> Token:
        token = self.peek()
        self.place += 1
        return token

    def word(self) -> str:
        """Return the next keyword in capitals, or "" for none."""
        token = self.peek()
        upper = token.text.upper()
        return upper if token.kind == "name" and upper in _KEYWORDS else ""

    def take(self, text: str) -> bool:
        token = self.peek()
        if token.kind in ("op", "name") and token.text.upper() == text:
            self.place += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.wrong()

    def wrong(self) -> Exception:
        near = " ".join(token.text for token in self.items[max(0, self.place - 1) : self.place + 2])
        return invalid(f'Invalid {self.what}: Syntax error; token: "{self.peek().text}", near: "{near}"')

    def function(self) -> str:
        """Return the name of a function whose bracket follows, or "" for none."""
        after = self.items[self.place + 1] if self.place + 1 < len(self.items) else None
        token = self.peek()
        return token.text if token.kind == "name" and after == Token("op", "(") else ""

    def deepen(self, most: int = MAX_DEPTH) -> None:
        self.depth += 1
        if self.depth > most:
            raise invalid(f"Invalid {self.what}: The expression is nested too deeply;")

    def after_group(self) -> Token:
        """Return the token after the parenthesis that opens here is closed."""
        end = _closings(self.items).get(self.place, len(self.items)) + 1
        return self.items[end] if end < len(self.items) else Token("end", "<EOF>")

    def refuse_redundant(self) -> None:
        """Refuse parentheses right around parentheses, as in `((a = :v))`.

        Those of a function or of IN are no parentheses in this sense.
        """
        closings = _closings(self.items)
        for opening, closing in closings.items():
            before = self.items[opening - 1] if opening else Token("end", "")
            called = before.kind == "name" and before.text.upper() not in _BEFORE_GROUP
            if not called and closings.get(opening + 1) == closing - 1:
                raise invalid(f"Invalid {self.what}: The expression has redundant parentheses;")

    def value(self) -> str:
        token = self.next()
        if token.kind != "value":
            self.place -= 1
            raise self.wrong()
        self.values.add(token.text)
        return token.text

    def path(self) -> Path:
        steps = [self._attribute()]
        while True:
            if self.peek().kind == "index":
                steps.append(Attribute("", int(self.next().text.strip("[] \t\n"))))
            elif self.take("."):
                steps.append(self._attribute())
            else:
                return tuple(steps)

    def _attribute(self) -> Attribute:
        token = self.next()
        if token.kind == "hash":
            self.names.add(token.text)
        elif token.kind != "name":
            self.place -= 1
            raise self.wrong()
        elif token.text.upper() in RESERVED:
            raise invalid(
                f"Invalid {self.what}: Attribute name is a reserved keyword; reserved keyword: {token.text}"
            )
        return Attribute(token.text)

    def close(self) -> None:
        if self.peek().kind != "end":
            raise self.wrong()
