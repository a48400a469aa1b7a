"""A browser for stories about the clinic's page: it opens addresses, fills in forms by what stands on their buttons,
keeps its cookies, and goes where it is sent. It runs no script; what that of a link's page does, it does itself.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from bot import clinic_login
from bot.web.site import site
from tests.conftest import Clinic

HERE = "http://127.0.0.1:8080"
SILENT = {"script", "style", "title"}


@dataclass(slots=True)
class Form:
    """A form as it stands on a page: where it goes, its fields, and its buttons (words, name, value)."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    has_file: bool = False


class Reader(HTMLParser):
    """Reads a page: its words, its links and its forms."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self._text: list[str] = []
        self._in: list[str] = []
        self._button: tuple[str, str] | None = None
        self._link = ""
        self._words: list[str] = []
        self._select = ""
        self._area = ""
        self.feed(html)

    @property
    def text(self) -> str:
        """All that can be read."""
        return re.sub(r"\s+", " ", " ".join(self._text)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a form, a field, a button, a link."""
        has = {name: value or "" for name, value in attrs}
        self._in.append(tag)
        if tag == "form":
            self.forms.append(Form(has.get("action", "")))
        elif tag == "input" and self.forms and "name" in has:
            self._input(has)
        elif tag == "textarea":
            self._area = has["name"]
            self.forms[-1].fields[self._area] = ""
        elif tag == "select":
            self._select = has["name"]
            self.forms[-1].choices[has["name"]] = []
        elif tag == "option":
            self._option(has)
        elif tag == "button" and self.forms:
            self._button, self._words = (has.get("name", ""), has.get("value", "")), []
        elif tag == "a":
            self._link, self._words = has.get("href", ""), []

    def _input(self, has: dict[str, str]) -> None:
        form = self.forms[-1]
        if has.get("type") == "file":
            form.has_file = True
        elif has.get("type") in ("checkbox", "radio"):
            form.choices.setdefault(has["name"], []).append(has.get("value", "on"))
            if "checked" in has:
                form.fields[has["name"]] = has.get("value", "on")
        else:
            form.fields[has["name"]] = has.get("value", "")

    def _option(self, has: dict[str, str]) -> None:
        if not self._select:
            return
        form = self.forms[-1]
        form.choices[self._select].append(has.get("value", ""))
        if "selected" in has or len(form.choices[self._select]) == 1:
            form.fields[self._select] = has.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """End a button or a link."""
        words = re.sub(r"\s+", " ", " ".join(self._words)).strip()
        if tag == "button" and self._button is not None:
            self.forms[-1].buttons.append((words, *self._button))
            self._button = None
        elif tag == "a" and self._link:
            self.links[words] = self._link
            self._link = ""
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        """Words that can be read."""
        if not SILENT & set(self._in[-1:]):
            self._text.append(data)
        self._words.append(data)
        if self._area:
            self.forms[-1].fields[self._area] += data


@dataclass(slots=True)
class Browser:
    """A browser at the clinic's page. `page` is what it shows."""

    client: httpx.AsyncClient
    clinic: Clinic
    reply: httpx.Response = field(init=False)
    page: Reader = field(init=False)

    async def opens(self, path: str, **more: Any) -> "Browser":
        """Open an address, and go where it leads. What stands after the "#" is not sent; the page's script reads it."""
        address, _, rest = path.partition("#")
        self._shows(await self.client.get(address, follow_redirects=True, **more))
        for form in self.page.forms if rest and "<script" in self.reply.text else ():
            form.fields |= {name: rest for name in form.fields if name == "token"}
        return self

    async def enters(self, link: str) -> "Browser":
        """Open a link and press the button of its page."""
        await self.opens(link)
        (form,) = self.page.forms
        return await self.sends(form, {})

    async def follows(self, words: str) -> "Browser":
        """Follow a link by its words."""
        return await self.opens(self.page.links[words])

    async def presses(self, button: str, **fields: str) -> "Browser":
        """Fill in the form that has this button, and press it. A field that is not there is a mistake of the test."""
        found = [form for form in self.page.forms if any(words == button for words, _, _ in form.buttons)]
        assert found, f"no button {button!r} on: {self.text}"
        form = found[0]
        assert fields.keys() <= form.fields.keys() | form.choices.keys(), (fields, form)
        _, name, value = next(one for one in form.buttons if one[0] == button)
        return await self.sends(form, {**fields, **({name: value} if name else {})})

    async def sends(self, form: Form, fields: dict[str, str], **more: Any) -> "Browser":
        """Send a form as it stands, with these fields changed."""
        data = form.fields | fields
        self._shows(await self.client.post(form.action or self.reply.url, data=data, follow_redirects=True, **more))
        return self

    async def uploads(self, button: str, name: str, data: bytes, **fields: str) -> "Browser":
        """Send a form with a file."""
        form = next(f for f in self.page.forms if f.has_file and any(w == button for w, _, _ in f.buttons))
        return await self.sends(form, fields, files={"file": (name, data)})

    def _shows(self, reply: httpx.Response) -> None:
        self.reply, self.page = reply, Reader(reply.text)

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return self.page.text

    @property
    def path(self) -> str:
        """The address it shows."""
        return self.reply.url.path

    @property
    def status(self) -> int:
        """The status of the last reply."""
        return self.reply.status_code


def browser(clinic: Clinic, **headers: str) -> Browser:
    """A browser on its way to the page of a clinic."""
    stage = clinic.stage
    transport = httpx.ASGITransport(site(clinic.config, stage.app.store, clinic.clock, 8080), client=("10.1.1.1", 1))
    return Browser(httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers), clinic)


async def link_for(clinic: Clinic, code: str) -> str:
    """The path of a login link from the command line."""
    shown = await clinic.desk(clinic_login.login, clinic.config, code, clinic.clock.now())
    return str(shown["link"]).removeprefix(HERE)


async def logs_in(who: Browser, code: str) -> Browser:
    """Take a new link, and log in with it."""
    await who.opens(await link_for(who.clinic, code))
    return await who.presses("Log in")
