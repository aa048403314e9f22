"""Pages out of templates: autoescaped, in the reader's language, with the reader's numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse

from serving.auth import Scope
from serving.console.assets import asset
from serving.console.charts.figure import chart, chart_assets
from serving.console.languages import HTML_LANGUAGES, LANGUAGES, OWN_NAMES, Language, LanguageCode, language_of
from serving.console.script_json import json_for_script
from serving.console.visit import Reader, Visitor

TEMPLATES = Path(__file__).parent / "templates"
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
}


def render(request: Request, template: str, reader: Reader, *, status: int = 200, **words: Any) -> HTMLResponse:
    """A page; `words` are what its template asks for, `Any` because templates take anything."""
    page = _environment(reader.language.code).get_template(template)
    visitor = reader if isinstance(reader, Visitor) else None
    text = page.render(
        {
            "reader": reader,
            "visitor": visitor,
            "path": request.url.path,
            "address": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "shop": reader.settings.shop,
            **words,
        }
    )
    return HTMLResponse(text.encode("utf-8", "replace"), status, headers=PAGE_HEADERS)


@lru_cache
def _environment(code: LanguageCode) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    # newstyle: `_("... %(name)s", name=...)` escapes what it fills in
    environment.install_gettext_translations(language_of(code).translations, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    environment.globals["gettext"] = _gettext(language_of(code))
    environment.filters.update(_filters())
    environment.globals.update(
        asset=asset,
        chart=chart,
        chart_assets=chart_assets,
        Scope=Scope,
        words=_words,
        csrf_field=_csrf_field,
        json_for_script=json_for_script,
        html_language=HTML_LANGUAGES[code],
        languages=[(each, OWN_NAMES[each], HTML_LANGUAGES[each]) for each in LANGUAGES],
        language_code=code,
    )
    return environment


def _filters() -> dict[str, Callable[..., str]]:
    @pass_context
    def number(context: Context, value: float | None, digits: int = 0) -> str:
        return _reader(context).written.number(value, digits)

    @pass_context
    def money(context: Context, value: float | None) -> str:
        return _reader(context).written.money(value)

    @pass_context
    def percent(context: Context, value: float | None, digits: int = 0) -> str:
        return _reader(context).written.percent(value, digits)

    @pass_context
    def day(context: Context, value: datetime | str | None) -> str:
        return _reader(context).written.day(value)

    @pass_context
    def moment(context: Context, value: datetime | str | None) -> str:
        return _reader(context).written.moment(value)

    @pass_context
    def ago(context: Context, value: datetime | str | None) -> str:
        return _reader(context).written.ago(value, _reader(context).now)

    return {"number": number, "money": money, "percent": percent, "day": day, "moment": moment, "ago": ago}


def _gettext(language: Language) -> Callable[..., Markup]:
    """Jinja's own, but that a sentence without words to fill in stays as it is: a script fills those of `words` in."""

    def gettext(text: str, /, **words: object) -> Markup:
        said = Markup(language.translations.gettext(text))
        return said % words if words else Markup(said.replace("%%", "%"))

    return gettext


def _reader(context: Context) -> Reader:
    reader: Reader = context["reader"]
    return reader


def _words(told: Mapping[str, str]) -> Markup:
    """The sentences that the page's scripts say."""
    return Markup('<script type="application/json" id="words">{}</script>').format(json_for_script(dict(told)))


@pass_context
def _csrf_field(context: Context) -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(context["visitor"].csrf_token)
