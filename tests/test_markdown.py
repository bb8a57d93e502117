"""Markdown: what it becomes, what it must never become, whom it mentions, and how large it may be."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rooms import markdown
from rooms.markdown import HTML_LIMIT, MENTION_LIMIT, Person, mentioned_names, render

PEOPLE = {"ana": Person(3, "Ana <b>"), "bruno.g": Person(4, "Bruno")}


def html_of(body: str) -> str:
    return render(body, PEOPLE)[0]


def mentioned(body: str) -> list[int]:
    return render(body, PEOPLE)[1]


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("¡hola!", "<p>¡hola!</p>"),
        ("a\nb", "<p>a<br>\nb</p>"),
        ("a & b &amp; <i>c</i>", "<p>a &amp; b &amp;amp; &lt;i&gt;c&lt;/i&gt;</p>"),
        ("**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>"),
        ("# a", "<h1>a</h1>"),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        (
            "|a|\n|-|\n|1|",
            "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n</tr>\n</tbody>\n</table>",
        ),
        ("```\n<a>\n```", "<pre><code>&lt;a&gt;\n</code></pre>"),
    ],
)
def test_markdown_becomes_html(body: str, html: str) -> None:
    assert html_of(body) == html


def test_addresses_become_links_that_give_nothing_away() -> None:
    for body in ("https://a.org/x?y=1", "[x](https://a.org/x?y=1)", "<https://a.org/x?y=1>"):
        assert 'href="https://a.org/x?y=1" target="_blank" rel="noopener noreferrer nofollow"' in html_of(body)
    assert 'href="http://a.org"' in html_of("see a.org")


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>)",
        "[x](vbscript:x)",
        "<javascript:alert(1)>",
        "![x](https://a.org/x.png)",
        '[x](https://a.org "\\"onmouseover=alert(1)")',
        "```<script>\nx\n```",
        '```python"onload="x\nx\n```',
        "[x]: javascript:alert(1)\n\n[x]",
        "<a href='x' style='position:fixed'>x</a>",
        "javascript://a.org/%0aalert(1)",
    ],
)
def test_nothing_dangerous_comes_out(body: str) -> None:
    assert_harmless(html_of(body))


def assert_harmless(html: str) -> None:
    """Every tag is one of ours, every attribute one of those it may have, every address an address."""
    for tag, attributes in re.findall(r"</?([a-zA-Z0-9]+)((?:[^>\"]|\"[^\"]*\")*)>", html):
        assert tag in markdown.TAGS
        for name, value in re.findall(r"([\w-]+)=\"([^\"]*)\"", attributes):
            assert name in {*markdown.ATTRIBUTES.get(tag, ()), "target", "rel"}
            if name == "href":
                assert re.match(r"(https?://|mailto:|[^:]*$)", value)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("<>\"'`*_[]()!#@&;:/\\ \n\tajx1-|~.="), max_size=120))
def test_whatever_is_written_comes_out_harmless(body: str) -> None:
    html, _people = render(body, PEOPLE)
    assert_harmless(html)
    assert len(re.findall("<", html)) == len(re.findall(r"</?[a-z0-9]+(?:[^>\"]|\"[^\"]*\")*>", html))


# Code


def test_code_of_a_known_language_is_coloured_by_classes() -> None:
    assert html_of("```python\nprint(1)\n```") == (
        '<pre><code><span class="nb">print</span><span class="p">(</span><span class="mi">1</span>'
        '<span class="p">)</span>\n</code></pre>'
    )
    for alias in ("py", "PYTHON", "js", "r", "c++", "yml"):
        assert "<span" in html_of(f"```{alias}\nx = 1\n```") or alias == "yml"


@pytest.mark.parametrize("language", ["", "nonsense", "easytrieve", "markdown", "html+jinja", "__init__", "../x"])
def test_code_of_other_languages_stays_plain(language: str) -> None:
    assert html_of(f"```{language}\n<1 + 1>\n```") == "<pre><code>&lt;1 + 1&gt;\n</code></pre>"


def test_all_languages_that_we_name_exist() -> None:
    markdown.load_lexers()
    assert set(markdown.LANGUAGES) <= set(markdown._aliases())


def test_long_code_is_not_coloured() -> None:
    html = html_of("```python\n" + "1+" * 1_600 + "\n```")
    assert "<span" not in html
    assert "1+1+" in html


def test_a_slow_lexer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "COLOUR_SECONDS", -1)
    assert "<span" not in html_of("```python\nprint(1)\n```")


# Mentions


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ("@ana", [3]),
        ("(@ANA) and @bruno.g.", [3, 4]),
        ("@ana @ana", [3]),
        ("@ana.", [3]),
        ("**@ana**", [3]),
        ("> @ana", [3]),
        ("[@ana](https://a.org)", [3]),
        ("@anabel", []),
        ("@carla", []),
        ("x@ana.com", []),
        ("ana@ana", []),
        ("https://a.org/@ana", []),
        ("`@ana`", []),
        ("```\n@ana\n```", []),
        ("\\@ana", []),
        ("@@ana", []),
    ],
)
def test_who_is_mentioned(body: str, ids: list[int]) -> None:
    assert mentioned(body) == ids
    assert {"ana", "bruno.g"} & mentioned_names(body) or not ids


def test_a_mention_shows_the_name_and_not_its_markup() -> None:
    assert html_of("@ana!") == '<p><span class="mention" data-user="3">@Ana &lt;b&gt;</span>!</p>'


def test_a_message_mentions_so_many_people_and_no_more() -> None:
    crowd = {f"u{i}": Person(i, f"U{i}") for i in range(1, 400)}
    body = " ".join(f"@u{i}" for i in range(1, 300)) + " @u1"
    html, ids = render(body, crowd)
    assert ids == list(range(1, MENTION_LIMIT + 1))
    assert len(re.findall("mention", html)) == MENTION_LIMIT + 1
    assert render(body + "\n" * 2_000, crowd)[1] == ids


# Limits: what would take long, or grow large, is plain text


@pytest.mark.parametrize(
    "body",
    [
        "*a" * 4_000,
        "a\n" * 2_000,
        "a\r" * 2_000,
        "a.com " * 500,
        ">" * 12 + " a",
        "> - > - > - a\n" * 400,
        "@ana " * 500,
    ],
)
def test_what_would_take_long_is_plain_text(body: str) -> None:
    html, ids = render(body, PEOPLE)
    assert html.startswith("<p>")
    assert not re.search("<(?!/?p>|br>)", html)
    assert ids == ([3] if "@ana" in body else [])


@pytest.mark.parametrize(
    "piece", ["&", "<", ">", "😀", "\n", "a\n", "- a\n", "```python\n1\n```\n", "[a](b)", "a.co ", "|a", '"']
)
def test_html_has_at_most_96_kib(piece: str) -> None:
    body = (piece * 16_000)[:16_000]
    assert len(html_of(body).encode()) <= HTML_LIMIT


def test_past_the_limit_code_loses_its_colours_and_then_the_body_its_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "**a**\n```python\n1+1+1\n```"
    assert "<span" in html_of(body)
    monkeypatch.setattr(markdown, "HTML_LIMIT", 100)
    assert html_of(body) == "<p><strong>a</strong></p>\n<pre><code>1+1+1\n</code></pre>"
    monkeypatch.setattr(markdown, "HTML_LIMIT", 50)
    assert html_of(body) == "<p>**a**<br>```python<br>1+1+1<br>```</p>"


@given(
    st.text(
        st.sampled_from("abcXYZ019 ,;.:!?'\"()%=$+-áñ¿¡…–👍🏽日本。、｜www") | st.characters(exclude_categories=["Cs"]),
        max_size=40,
    )
)
@example("www.example.com")
@example("see example.com")
@example("Well... (yes.) No: 50 % = half - or so + more.")
@example("mailto:ana")
@settings(max_examples=2_000, deadline=None)
def test_a_plain_line_needs_no_parser(body: str) -> None:
    body = body.strip()
    if markdown.PLAIN.fullmatch(body):
        env: dict[str, object] = {"people": {}, "mentioned": [], "colour": 0, "seconds": 0.0}
        assert markdown.render(body, {}) == (markdown._clean(markdown._parser.render(body, env)), [])


@pytest.mark.parametrize(
    "body", ["¡Hola a todos!", "It's 5 o'clock: who comes?", "日本語 👍🏽", 'She said "yes" (twice).']
)
def test_what_people_mostly_write_is_plain(body: str) -> None:
    assert markdown.PLAIN.fullmatch(body)


@pytest.mark.parametrize(
    "body",
    [
        "a\nb",
        "1. a",
        "- a",
        "# a",
        "*a*",
        "a_b_",
        "a.b",
        "http://a",
        "a:b",
        "a@b",
        "a & b",
        "<b>",
        "`a`",
        "[a]",
        "~~a~~",
        "a\\b",
        "a|b",
    ],
)
def test_what_a_rule_could_change_is_not(body: str) -> None:
    assert not markdown.PLAIN.fullmatch(body)
