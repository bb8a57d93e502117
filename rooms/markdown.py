"""Markdown to HTML, once, when a message is written: parsed, linkified, coloured, sanitised."""

import html
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import format
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers._mapping import LEXERS
from pygments.token import _TokenType

HTML_LIMIT = 96 * 1024  # bytes; the protocol's
# 16,000 characters of `1+1+…` as Python took 127 ms and made 392 kB; 4,000 of `m{` as Perl 195 ms.
COLOUR_LIMIT = 3_000  # characters of code in one message
COLOUR_SECONDS = 0.02  # of this thread's time, for all code in one message
# Pygments knows 560 languages; in some, a step of the lexer alone is quadratic or worse (3,000 tabs
# as Easytrieve: 39 s), or it hands over to a lexer of the writer's choice. These were tried with 60
# patterns of 3,000 characters each, and none took over 25 ms.
LANGUAGES = (
    *("bash", "c", "cpp", "csharp", "css", "dart", "diff", "docker", "elixir", "go", "haskell", "html"),
    *("java", "javascript", "json", "kotlin", "lua", "make", "nginx", "perl", "php", "powershell", "python"),
    *("r", "ruby", "rust", "scala", "sql", "swift", "tex", "toml", "typescript", "xml", "yaml"),
)
# No body may take over 50 ms. Each of these costs the parser 15 to 100 µs, so past them a body is
# plain text: delimiters, lines, and what may be a link or a mention.
DELIMITER_LIMIT = 2_000
LINE_LIMIT = 1_000
LINK_LIMIT = 400
QUOTE_DEPTH = 12
NESTING_LIMIT = 1_000  # markers of lists and quotes in each other: `> - > -` costs each line all over
NAME_LIMIT = 400  # names that are looked up for one body
MENTION_LIMIT = 200  # people: each is a row, written while the room is locked

# One line that no rule of Markdown, linkify or HTML could change: most of what people write. The parser
# and the sanitiser are the dearest part of sending it (docs/performance.md).
BEYOND_ASCII = r"[^\x00-\x7f\s｜]"
PLAIN = re.compile(
    rf"""(?:[A-Za-z]|{BEYOND_ASCII})(?:[A-Za-z0-9 ,;!?'"()%=$+-]|{BEYOND_ASCII}|\.(?=[ .,;!?'")]|$)|:(?=[ ]|$))*"""
)
MENTION = re.compile(r"(?<![\w@./+-])@([\w][\w.+-]*)")
LINKS = re.compile(r"://|[^\W_]\.[^\W_]|@")
LINES = re.compile(r"\r\n?|\n")
DELIMITERS = re.compile(r"[\[\]*_~`<!|&\\]")
DEEP = re.compile(rf"(?:^|[\r\n])[ \t]*(?:>[ \t]*){{{QUOTE_DEPTH},}}")
BULLET = r"(?:[-+*]|\d{1,9}[.)])(?=[ \t])"
NESTED = re.compile(rf"(?:^|[\r\n])((?:[ \t]*(?:>|{BULLET}))+)")
BULLETS = re.compile(r"[-+*.)]")

TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol"),
    *("p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
ATTRIBUTES = {"a": {"href", "title"}, "code": {"class"}, "span": {"class", "data-user"}, "ol": {"start"}}


@dataclass(frozen=True, slots=True)
class Person:
    """Who stands behind an `@username`."""

    id: int
    name: str


def mentioned_names(body: str) -> set[str]:
    """The user names, in lower case, that a body may mention: its first 400."""
    if "@" not in body:
        return set()
    forms = dict.fromkeys(form for found in MENTION.findall(body) for form in _forms(found))
    return set(islice(forms, NAME_LIMIT))


def render(body: str, people: Mapping[str, Person]) -> tuple[str, list[int]]:
    """The sanitised HTML of a body (at most 96 KiB) and the ids of the people mentioned in it.

    `people` holds, by user name in lower case, those who may be mentioned.
    """
    if PLAIN.fullmatch(body):
        return f"<p>{body}</p>", []
    if _takes_long(body):
        return _plain(body), _named(body, people)
    env: EnvType = {"people": people, "mentioned": [], "colour": COLOUR_LIMIT, "seconds": COLOUR_SECONDS}
    markup = _clean(_parser.render(body, env))
    if len(markup.encode()) > HTML_LIMIT:
        markup = _clean(_parser.render(body, {**env, "mentioned": [], "colour": 0}))
    if len(markup.encode()) > HTML_LIMIT:
        markup = _plain(body)
    return markup, env["mentioned"]


def _takes_long(body: str) -> bool:
    return (
        len(LINES.findall(body)) > LINE_LIMIT
        or len(DELIMITERS.findall(body)) > DELIMITER_LIMIT
        or len(LINKS.findall(body)) > LINK_LIMIT
        or DEEP.search(body) is not None
        or _nesting(body) > NESTING_LIMIT
    )


def _nesting(body: str) -> int:
    """The markers at the beginning of lines that hold both lists and quotes."""
    heads: list[str] = NESTED.findall(body)
    return sum(head.count(">") + len(BULLETS.findall(head)) for head in heads if ">" in head and BULLETS.search(head))


def _plain(body: str) -> str:
    """At most 5 bytes a character, so that the longest body stays under the limit."""
    return f"<p>{LINES.sub('<br>', html.escape(body, quote=False))}</p>"


def _named(body: str, people: Mapping[str, Person]) -> list[int]:
    found = (_person(name, people) for name in MENTION.findall(body))
    return list(dict.fromkeys(person[0].id for person in found if person))[:MENTION_LIMIT]


def _forms(name: str) -> list[str]:
    """A name may end a sentence: `@ana.` is ana, unless somebody is called `ana.`."""
    lower = name.lower()
    stripped = lower.rstrip(".+-")
    return [lower] if stripped == lower else [lower, stripped]


def _person(name: str, people: Mapping[str, Person]) -> tuple[Person, int] | None:
    """The person whom a name means, and how many of its characters are theirs."""
    for form in _forms(name):
        if person := people.get(form):
            return person, len(form)
    return None


def _clean(markup: str) -> str:
    return nh3.clean(
        markup,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    ).strip()


def _mention_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "@":
        return False
    match = MENTION.match(state.src, state.pos)
    found = _person(match[1], state.env.get("people", {})) if match else None
    if not found:
        return False
    person, length = found
    if len(state.env["mentioned"]) >= MENTION_LIMIT and person.id not in state.env["mentioned"]:
        return False
    if not silent:
        if person.id not in state.env["mentioned"]:
            state.env["mentioned"].append(person.id)
        token = state.push("mention", "span", 0)
        token.content = person.name
        token.meta = {"user": person.id}
    state.pos += 1 + length
    return True


def _render_mention(_self: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, _env: EnvType) -> str:
    token = tokens[index]
    return f'<span class="mention" data-user="{token.meta["user"]}">@{html.escape(token.content)}</span>'


def _render_fence(_self: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    coloured = _coloured(token.content, language, env)
    return f"<pre><code>{coloured}</code></pre>\n"


def _coloured(code: str, language: str, env: EnvType) -> str:
    env["colour"] -= len(code)
    name = _aliases().get(language.lower())
    if name is None or env["colour"] < 0 or env["seconds"] < 0:
        return html.escape(code, quote=False)
    lexer, begun = _lexer(name), time.thread_time()
    try:
        return format(_in_time(lexer.get_tokens(code), begun + env["seconds"]), _formatter)
    except TimeoutError:
        return html.escape(code, quote=False)
    finally:
        env["seconds"] -= time.thread_time() - begun


def _in_time(tokens: Iterable[tuple[_TokenType, str]], end: float) -> Iterator[tuple[_TokenType, str]]:
    """The tokens, as long as the lexer is quick: some are quadratic."""
    for token in tokens:
        if time.thread_time() > end:
            raise TimeoutError
        yield token


def load_lexers() -> None:
    """Takes a second; else, the first message with a language waits for its lexer's tables."""
    for language in LANGUAGES:
        for _token in _lexer(language).get_tokens("a"):
            pass


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language, stripnl=False)


@cache
def _aliases() -> dict[str, str]:
    """The language of each of its names: `js` is `javascript`."""
    families = [names for _module, _name, names, _patterns, _types in LEXERS.values()]
    return {alias: language for language in LANGUAGES for names in families if language in names for alias in names}


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"breaks": True, "linkify": True, "html": False, "maxNesting": 20})
    parser.enable(["linkify", "strikethrough", "table"]).disable(["image", "html_block", "html_inline", "entity"])
    parser.inline.ruler.before("emphasis", "mention", _mention_rule)
    parser.add_render_rule("mention", _render_mention)
    parser.add_render_rule("fence", _render_fence)
    return parser


_formatter = HtmlFormatter(nowrap=True)
_parser = _make_parser()
