"""The AWS command line as a parser: a line is read, checked by botocore's models, and never sent.

What a service would be asked is validated by its model; the fields that `--query` names must be fields of its
answer. The command line's own commands (`s3 cp`, `cloudformation deploy`) read their options and stop.
"""

import io
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import jmespath
from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "a", "AWS_EC2_METADATA_DISABLED": "true"}


class Refused(ValueError):  # noqa: N818
    """The line is not one that the command line or the service takes."""


class _Answer:
    status_code, headers, content = 200, {}, b""


def parsed(words: Sequence[str], folder: Path) -> list[str]:
    """Read `aws` WORDS in `folder`, and return the operations that it would ask. Raises `Refused`.

    In a process of its own: the command line changes botocore for the whole process that it runs in.
    """
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_reported, args=(there, words, folder))
    process.start()
    there.close()
    found: list[str] | str = here.recv()
    process.join()
    if isinstance(found, str):
        raise Refused(found)
    return found


def _reported(to: Connection, words: Sequence[str], folder: Path) -> None:
    try:
        to.send(_parsed(words, folder))
    except Refused as refused:
        to.send(str(refused))


def _parsed(words: Sequence[str], folder: Path) -> list[str]:
    from awscli.clidriver import create_clidriver
    from awscli.customizations.cloudformation.deploy import DeployCommand
    from awscli.customizations.s3.subcommands import ListCommand, S3TransferCommand

    driver, asked = create_clidriver(), list[OperationModel]()
    line, query = _without_query(_waited(list(words), driver.session))

    def stop(model: OperationModel, params: dict[str, Any], **_: Any) -> tuple[_Answer, dict[str, Any]]:
        asked.append(model)
        return _Answer(), {}

    driver.session.register("before-call", stop)
    own: list[str] = []
    for command in (DeployCommand, S3TransferCommand, ListCommand):
        command._run_main = lambda self, *_: own.append(self.NAME) or 0
    said = io.StringIO()
    with _at(folder, CREDENTIALS), redirect_stdout(io.StringIO()), redirect_stderr(said):
        try:
            code = driver.main(line)
        except SystemExit as error:
            code = int(error.code or 0)
    if code != 0:
        raise Refused(said.getvalue().strip()[-400:])
    if not own and not asked:
        raise Refused(f"nothing would be asked: {' '.join(words)}")
    if query is not None:
        _check_query(query, asked[-1])
    return [*own, *(model.name for model in asked)]


@contextmanager
def _at(folder: Path, variables: dict[str, str]) -> Iterator[None]:
    before, place = dict(os.environ), Path.cwd()
    os.environ.update(variables)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)


def _waited(words: list[str], session: Any) -> list[str]:
    """Return `aws SERVICE wait NAME …` as the operation that it repeats."""
    if words[1:2] != ["wait"]:
        return words
    service = words[0]
    waiters = session.get_waiter_model(service)
    known = {xform_name(name, "-"): name for name in waiters.waiter_names}
    if words[2] not in known:
        raise Refused(f"{service} has no waiter {words[2]}")
    operation = waiters.get_waiter(known[words[2]]).operation
    return [service, xform_name(operation, "-"), *words[3:]]


def _without_query(words: list[str]) -> tuple[list[str], str | None]:
    if "--query" not in words:
        return words, None
    at = words.index("--query")
    return words[:at] + words[at + 2 :], words[at + 1]


def _check_query(query: str, model: OperationModel) -> None:
    tree = jmespath.compile(query).parsed
    known = set(_members(model.output_shape, ()))
    unknown = {name for name in _fields(tree) if name not in known}
    if unknown:
        raise Refused(f"{model.name} answers without {', '.join(sorted(unknown))}")


def _fields(node: Any) -> Iterator[str]:
    if node["type"] == "field":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _fields(child)


def _members(shape: Shape | None, seen: tuple[str, ...]) -> Iterator[str]:
    if shape is None or shape.name in seen:
        return
    seen = (*seen, shape.name)
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield name
            yield from _members(member, seen)
    elif isinstance(shape, ListShape):
        yield from _members(shape.member, seen)
    elif isinstance(shape, MapShape):
        yield from _members(shape.value, seen)
