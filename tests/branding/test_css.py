"""Custom CSS: what hostile sheets leave behind, what honest ones keep, and what holds for every text there is."""

import re

import pytest
import tinycss2
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.branding.css import MOST_BYTES, clean
from portal.branding.css_rules import FUNCTIONS, PROPERTIES
from portal.kernel.errors import Invalid

# RELIABILITY T36: sheets that fetch, leave the player's page, cover it, or end what surrounds them. Not one word remains.
GONE = {
    "import": '@import "https://evil.example/a.css";',
    "import url": "@import url(https://evil.example/a.css);",
    "import escaped": '@\\69mport "https://evil.example/a.css";',
    "import in capitals": '@IMPORT "//evil.example/a.css";',
    "font-face": "@font-face { font-family: x; src: url(https://evil.example/f.woff2); }",
    "namespace": '@namespace url("https://evil.example/");',
    "charset": '@charset "utf-7";',
    "keyframes": "@keyframes x { from { background: url(//evil.example) } }",
    "property": '@property --x { syntax: "<url>"; inherits: true; initial-value: url(//evil.example); }',
    "supports": "@supports (background: url(//evil.example)) { a { color: red } }",
    "layer": "@layer a { html { position: fixed } }",
    "page": "@page { background: url(//evil.example) }",
    "nested media": "@media screen { @media print { a { color: red } } }",
    "media with url": "@media url(//evil.example) { a { color: red } }",
    "unclosed import": "@import 'https://evil.example/a.css",
    "html comment around import": "<!-- @import url(//evil.example); -->",
    "url": "a { background: url(https://evil.example/x) }",
    "url in quotes": "a { background: url('https://evil.example/x') }",
    "url escaped": "a { background: \\75rl(https://evil.example/x) }",
    "url escaped in the middle": "a { background: u\\rl(https://evil.example/x) }",
    "url with blanks in the escape": "a { background: \\000075 rl(//evil.example) }",
    "url in capitals": "a { background: URL(//evil.example) }",
    "url bad": "a { background: url(a b) }",
    "url unclosed": "a { background: url(https://evil.example/x",
    "data url": "a { background: url(data:image/svg+xml,<svg/>) }",
    "javascript url": "a { background: url(javascript:alert(1)) }",
    "image-set": "a { background: image-set('https://evil.example/x' 1x) }",
    "prefixed image-set": "a { background: -webkit-image-set('https://evil.example/x' 1x) }",
    "src": "a { background: src('https://evil.example/x') }",
    "image": "a { background: image('https://evil.example/x') }",
    "cross-fade": "a { background: cross-fade('https://evil.example/x', red) }",
    "element": "a { background: element(#x) }",
    "paint": "a { background: paint(x) }",
    "attr": "a { width: attr(value px) }",
    "if": "a { color: if(style(--x: y): red) }",
    "env": "a { width: env(x) }",
    "url inside a gradient": "a { background: linear-gradient(url(//evil.example), red) }",
    "url inside var": "a { background: var(--x, url(//evil.example)) }",
    "url in a custom property": "a { --x: url(//evil.example) }",
    "block in a custom property": "a { --x: { background: red } }",
    "cursor": "a { cursor: url(//evil.example), auto }",
    "list-style": "a { list-style-image: url(//evil.example) }",
    "expression": "a { width: expression(alert(1)) }",
    "behavior": "a { behavior: url(x.htc) }",
    "moz-binding": "a { -moz-binding: url(x.xml#x) }",
    "filter of old": "a { filter: progid:DXImageTransform.Microsoft.AlphaImageLoader(src='//evil.example') }",
    "fixed": "a { position: fixed }",
    "fixed in capitals": "a { position: FIXED !important }",
    "fixed escaped": "a { p\\6fsition: fi\\78 ed }",
    "fixed by a variable": "a { position: var(--x) }",
    "fixed by inheritance": "a { position: inherit }",
    "sticky": "a { position: sticky }",
    "prefixed sticky": "a { position: -webkit-sticky }",
    "absolute": "a { position: absolute }",
    "inset": "a { inset: 0 }",
    "animation": "a { animation: x 1s }",
    "words in content": 'a::before { content: "Enter your password" }',
    "attribute in content": "a::before { content: attr(value) }",
    "counter in content": "a::before { content: counter(x) }",
    "what was typed": "input[value^=a] { color: red }",
    "has": "a:has(input) { color: red }",
    "host": ":host { color: red }",
    "namespaced": "*|* { color: red }",
    "nesting": "& { color: red }",
    "ends the style element": "</style><script>alert(1)</script> { color: red }",
    "style element in a string": 'a { font-family: "</style><script>" }',
    "string with a new line": 'a { font-family: "x\n"; }',
    "unclosed string": 'a { font-family: "x',
    "closing brackets": "a { color: red) } }",
    "full-width letters": "a { background: ｕｒｌ(//evil.example) }",
    "kelvin sign": "a { bac\u212aground: red }",
    "direction override": "a { font-family: '\u202eevil' }",
    "backslash that would swallow what follows": "a { color: \\ ",
    "backslash in brackets": "a { width: (\\ ",
    "backslash in a class": ".a\\;b { color: red }",
    "nothing": "a { }",
}


@pytest.mark.parametrize("name", GONE)
def test_a_hostile_sheet_leaves_nothing(name):
    cleaned = clean(GONE[name])
    assert cleaned.css == ""
    assert cleaned.dropped or name == "nothing"
    assert all(one.why.endswith(".") and one.what for one in cleaned.dropped)


def test_what_is_dropped_is_named_with_its_line_and_the_rest_stays():
    cleaned = clean("a { color: red; }\n\nb {\n  position: fixed;\n  color: blue\n}\n@import 'x';\n")
    assert cleaned.css == ".tiltyard-player a { color: red; }\n.tiltyard-player b { color: blue; }"
    assert [(one.line, one.what) for one in cleaned.dropped] == [(4, "position: fixed;"), (7, "@import 'x';")]


@pytest.mark.parametrize(
    ("sent", "served"),
    [
        (".header", ".tiltyard-player .header"),
        ("*", ".tiltyard-player *"),
        ("html", ".tiltyard-player"),
        ("body", ".tiltyard-player"),
        (":root", ".tiltyard-player"),
        ("html body .a", ".tiltyard-player .a"),
        ("html > body > .a", ".tiltyard-player > .a"),
        ("body.dark .a", ".tiltyard-player.dark .a"),
        (".tiltyard-player .a", ".tiltyard-player .a"),
        (".tiltyard-player", ".tiltyard-player"),
        (".tiltyard-player + .a", ".tiltyard-player .tiltyard-player + .a"),
        (".tiltyard-player ~ .a", ".tiltyard-player .tiltyard-player ~ .a"),
        ("html ~ div", ".tiltyard-player .tiltyard-player ~ div"),
        (".tiltyard-players", ".tiltyard-player .tiltyard-players"),
        ("a,b", ".tiltyard-player a, .tiltyard-player b"),
        ("a>b+c~d e", ".tiltyard-player a > b + c ~ d e"),
        (":not(.x, .y):hover::before", ".tiltyard-player :not(.x, .y):hover::before"),
        (":is(.tiltyard-player ~ a)", ".tiltyard-player :is(.tiltyard-player ~ a)"),
        ("li:nth-child( 2n + 1 )", ".tiltyard-player li:nth-child(2n + 1)"),
        ("[data-state='live']", '.tiltyard-player [data-state="live"]'),
        ("a/**/.b", ".tiltyard-player a.b"),
        ("\\62 utton", ".tiltyard-player button"),
    ],
)
def test_every_selector_is_scoped_to_the_player_root(sent, served):
    cleaned = clean(f"{sent} {{ color: red }}")
    assert (cleaned.css, cleaned.dropped) == (f"{served} {{ color: red; }}", ())


def test_the_sample_of_the_page_stays_as_it_is_meant():
    cleaned = clean(".header { background: linear-gradient(135deg, #ff6600, #ff9900); }")
    assert cleaned.css == ".tiltyard-player .header { background: linear-gradient(135deg, #ff6600, #ff9900); }"
    assert cleaned.dropped == ()


def test_honest_css_is_kept():
    sheet = """
    @media (min-width: 600px) and (prefers-color-scheme: dark) { .card { padding: calc(1rem + 2vw); color: rgb(0 0 0 / 50%) } }
    .a { --brand: oklch(70% 0.1 200); font: 600 1rem/1.4 "My Font", sans-serif !important; content: ""; transform: none }
    .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); grid-template-areas: "a b" "c d"; position: relative }
    """
    cleaned = clean(sheet)
    assert cleaned.dropped == ()
    for part in ("@media (min-width: 600px) and (prefers-color-scheme: dark) {", "calc(1rem + 2vw)", "rgb(0 0 0 / 50%)"):
        assert part in cleaned.css
    assert '--brand: oklch(70% 0.1 200); font: 600 1rem/1.4 "My Font", sans-serif !important; content: "";' in cleaned.css
    assert 'repeat(2, minmax(0, 1fr)); grid-template-areas: "a b" "c d"; position: relative;' in cleaned.css


def test_sizes_are_bytes_before_and_after():
    fitting = "a{color:red}" + " " * (MOST_BYTES - 12)
    assert clean(fitting).css
    with pytest.raises(Invalid, match="10,241 bytes"):
        clean(fitting + " ")
    with pytest.raises(Invalid, match=r"10,24[12] bytes"):
        clean("/*" + "é" * ((MOST_BYTES - 4) // 2 + 1) + "*/")
    with pytest.raises(Invalid, match="scoped"):
        clean("a{top:0;gap:0}" * (MOST_BYTES // 14))


@pytest.mark.parametrize(
    "sheet", ["a{width:" + "(" * 5_000, ":not(" * 2_000 + "a", "{" * 5_000, "[" * 9_000, "@media " + "(" * 9_000]
)
def test_deep_nesting_neither_breaks_nor_passes(sheet):
    assert clean(sheet).css == ""


WORDS = st.sampled_from(
    [
        *"{}()[];:,.#>+~*&|@!<>=\\/\"' \n\t-",
        *("/*", "*/", "<!--", "-->", "</style>", "url(", "URL(", "\\75rl(", "@import ", "@media ", "@font-face", "--x", "var("),
        *("position", "fixed", "content", "background", "color", "red", "#fff", "1px", "50%", "https://evil.example/x", "'x'"),
        *(
            ".tiltyard-player",
            "html",
            "body",
            ":root",
            ":not(",
            ":is(",
            "::before",
            "[value=a]",
            "calc(",
            "image-set(",
            "é",
            "\u202e",
        ),
    ]
)
PARTS = [".tiltyard-player", ".tiltyard-player", "+", "~", ">", " ", "a", ".b", "html", "body", ":root", ",", "*", ":is(", ")"]
FETCHING = ["url(//evil.example)", "\\75rl(//e)", "image-set('//e' 1x)", "src('//e')", "attr(value)", "calc(", ")", "("]
PLAIN = ["red", "fixed", "sticky", "relative", "1px", "'x'", '""', ",", "/", " ", "var(--x)", "linear-gradient("]
NAMES = ["background", "position", "content", "--x", "width", "cursor", "inset", "Position"]
SELECTORS = st.one_of(st.just("a"), st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map("".join))
VALUES = st.one_of(st.sampled_from(FETCHING), st.lists(st.sampled_from(FETCHING + PLAIN), min_size=1, max_size=4).map("".join))
RULES = st.lists(st.tuples(SELECTORS, st.sampled_from(NAMES), VALUES), min_size=1, max_size=6)
SHEETS = st.one_of(
    RULES.map(lambda rules: "".join(f"{selector}{{color:red;{name}:{value}}}" for selector, name, value in rules)),
    st.text(max_size=200),
    st.lists(WORDS, max_size=60).map("".join),
    st.lists(st.tuples(st.lists(WORDS, min_size=1, max_size=5), st.lists(WORDS, max_size=8)), max_size=6).map(
        lambda rules: "".join(f"{''.join(prelude)}{{color:red;{''.join(body)}}}" for prelude, body in rules)
    ),
    st.lists(st.tuples(st.sampled_from(sorted(PROPERTIES)), st.sampled_from(sorted(FUNCTIONS)), WORDS, WORDS), max_size=6).map(
        lambda lines: "a{" + "".join(f"{name}:{call}({one}{two});" for name, call, one, two in lines)
    ),
)


FOREIGN = {"url", "src", "image", "image-set", "-webkit-image-set", "cross-fade", "element", "attr", "paint", "env", "if"}


def is_harmless(css: str) -> bool:
    """Reads the served CSS once more: every rule scoped, nothing that fetches, no at-rule but @media."""
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type == "at-rule":
            assert rule.lower_at_keyword == "media"
            assert is_harmless(tinycss2.serialize(rule.content))
            continue
        assert rule.type == "qualified-rule", rule
        for selector in re.split(r",(?![^(]*\))", tinycss2.serialize(rule.prelude)):
            assert re.match(r"\s*\.tiltyard-player(?![\w-])[^\s+~]*(\s*$|\s+(?![+~]))", selector), selector
        for part in tinycss2.parse_blocks_contents(rule.content, skip_whitespace=True):
            assert part.type == "declaration" and (part.name in PROPERTIES or part.name.startswith("--")), part
            assert part.name != "position" or tinycss2.serialize(part.value).strip().lower() in ("static", "relative")
            assert part.name != "content" or tinycss2.serialize(part.value).strip().lower() in ("none", "normal", '""')
            assert_no_fetch(part.value)
    return True


def assert_no_fetch(tokens) -> None:
    for token in tokens:
        assert token.type not in ("url", "error", "at-keyword", "{} block", "[] block")
        if token.type == "function":
            assert token.lower_name in FUNCTIONS and token.lower_name not in FOREIGN
            assert_no_fetch(token.arguments)
        elif token.type == "() block":
            assert_no_fetch(token.content)
        elif token.type in ("string", "ident"):
            assert "<" not in token.value and "\\" not in token.value


@settings(max_examples=600, deadline=None)
@given(SHEETS)
def test_whatever_is_sent_what_is_served_is_harmless_and_stays_the_same(sheet):
    try:
        first = clean(sheet)
    except Invalid:
        return
    assert is_harmless(first.css)
    again = clean(first.css)
    assert (again.css, again.dropped) == (first.css, ())
