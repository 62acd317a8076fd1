"""Setting up: which Alma, with which key, at which desk; and the simulator, for whoever wants to try first."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from almascan import enrolment
from almascan.alma import REGIONS
from almascan.errors import AlmascanError, UsageError
from almascan.examination import examine
from almascan.model import Desk
from almascan.settings import Profiles, read_profiles, write_profiles
from almascan.web.forms import read_form
from almascan.web.office import office_of, person_of

_PLACE = ("library", "circ_desk", "department")


def show(request: Request) -> Response:
    """Show what is set up, and the form for more."""
    office = office_of(request)
    connections, problem = [], ""
    try:
        connections = office.connections.all()
    except AlmascanError as error:
        problem = str(error)
    return office.rendering.page(
        request, "setup.html", connections=connections, problem=problem, regions=REGIONS, entered={}
    )


async def add(request: Request) -> Response:
    """Try a new key, and keep it with its profile; what is wrong is said above the form."""
    office, person = office_of(request), person_of(request)
    form = await read_form(request)
    name, address = form.get("name"), form.get("base_url") or form.get("region")
    try:
        profiles = await asyncio.to_thread(read_profiles, office.connections.config_file)
        old = profiles.profiles.get(name, {})
        new = enrolment.propose(
            name, address, form.get("key"), _keeping(form.get("keeping")), office.connections.environ, **_place_of(old)
        )
        enrolment.check_free(profiles, name, replace=form.has("replace"))
        new, _ = await enrolment.try_key(new)
        _check_same_institution(name, str(old.get("institution", "")), str(new.values["institution"]))
        await asyncio.to_thread(enrolment.keep, new, office.connections.environ, replace=form.has("replace"))
    except AlmascanError as error:
        entered = {key: form.get(key) for key in ("name", "region", "base_url")}
        return office.rendering.page(
            request,
            "setup.html",
            status=400,
            entered=entered,
            connections=office.connections.all(),
            problem=str(error),
            regions=REGIONS,
        )
    office.connections.forget(name)
    await asyncio.to_thread(office.note, person, "key", text=name)
    return RedirectResponse(f"/setup/{name}", 303)


async def check(request: Request) -> Response:
    """Ask Alma what a key may do, and offer its desks."""
    office = office_of(request)
    connection = office.connections.find(request.path_params["name"])
    found, choices, problem = None, None, ""
    try:
        async with await office.connections.client(connection) as alma:
            found = await examine(alma, connection.settings)
        await office.connections.meet(connection, again=True)
        choices = await office.catalogue.offer({"connection": connection.name} | dict(request.query_params))
    except AlmascanError as error:
        problem = str(error)
    return office.rendering.page(
        request,
        "connection.html",
        connection=office.connections.find(connection.name),
        found=found,
        choices=choices,
        problem=problem,
        is_profile=connection.name in read_profiles(office.connections.config_file).profiles,
    )


async def choose_desk(request: Request) -> Response:
    """Keep the desk that a profile begins with."""
    office, person, name = office_of(request), person_of(request), request.path_params["name"]
    form = await read_form(request)
    _, order = office.catalogue.read_order(form)
    desk = order.desk
    path = office.connections.config_file
    await asyncio.to_thread(_write_desk, path, name, desk, is_default=form.has("default"))
    await asyncio.to_thread(office.note, person, "desk", text=f"{name}: {desk}")
    return RedirectResponse("/new", 303)


def _write_desk(path: Path, name: str, desk: Desk, *, is_default: bool) -> None:
    profiles = read_profiles(path)
    values = profiles.values(name)
    for setting in _PLACE:
        values.pop(setting, None)
    values |= {setting: value for setting, value in msgspec.structs.asdict(desk).items() if value}
    default = name if is_default or not profiles.default else profiles.default
    write_profiles(Profiles(path, default, profiles.profiles | {name: values}))


def _place_of(values: Mapping[str, object]) -> dict[str, str]:
    """Give the place of a profile that is replaced: a new key does not change where the work is done."""
    return {setting: str(values[setting]) for setting in _PLACE if setting in values}


def _check_same_institution(name: str, before: str, now: str) -> None:
    if before and before.casefold() != now.casefold():
        raise UsageError(
            f'The key belongs to {now}, and "{name}" is for {before}: give another name, so that both are kept.'
        )


def _keeping(text: str) -> enrolment.Keeping:
    if text not in ("keyring", "file"):
        raise UsageError("Say where the key is to be kept: in the keyring, or in a file of your own.")
    return "keyring" if text == "keyring" else "file"
