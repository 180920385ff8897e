"""One checksum a property over every Unicode scalar, as the tokeniser's reference sees them: tests/golden/unicode.json.

Needs regex and ftfy. The golden: CPython 3.11 (Unicode 14), regex 2026.11.19 (Unicode 17), ftfy 6.3.1.
"""
import html
import html.entities
import json
import pathlib
import re
import unicodedata
import zlib

import regex
from ftfy.badness import MOJIBAKE_CATEGORIES
from ftfy.chardata import UTF8_CLUES, WIDTH_MAP
from ftfy.fixes import unescape_html

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
ENTITIES = sorted(name[:-1] for name in html.entities.html5 if name.endswith(";"))


def flags(holds):
    return zlib.crc32(bytes(1 if holds(chr(c)) else 0 for c in SCALARS))


def strings(of):
    return zlib.crc32("\n".join(of(chr(c)) for c in SCALARS).encode())


def matches(pattern, module=regex):
    match = module.compile(pattern).match
    return lambda c: match(c) is not None


golden = {
    "letter": flags(matches(r"\p{L}")),
    "number": flags(matches(r"\p{N}")),
    "space": flags(str.isspace),
    "decimal": flags(matches(r"\d", re)),
    "word": flags(matches(r"\w", re)),
    "lower": strings(str.lower),
    "sigma_after": strings(lambda c: ("A" + c + "Σ").lower()[-1]),
    "sigma_before": strings(lambda c: ("AΣ" + c).lower()[1]),
    "sigma_between": strings(lambda c: ("AΣ" + c + "A").lower()[1]),
    "composed": strings(lambda c: unicodedata.normalize("NFC", c)),
    "composed_with_marks": strings(lambda c: unicodedata.normalize("NFC", "e" + c + "\u0301\u0323")),
    "compatible": strings(lambda c: WIDTH_MAP.get(ord(c), c) if c != "\u3000" else c),
    "classes": zlib.crc32(",".join(str(sum(1 << bit for bit, members in enumerate(
        [*MOJIBAKE_CATEGORIES.values(), *UTF8_CLUES.values()]) if re.match(f"[{members}]", chr(c))))
        for c in range(0x10000) if not 0xD800 <= c < 0xE000).encode()),
    "entities": zlib.crc32("".join(html.unescape(f"&{name};") + html.unescape(f"&{name}x") + unescape_html(f"&{name};")
                                   + unescape_html(f"&{name.upper()};") for name in ENTITIES).encode()),
}
(pathlib.Path(__file__).parent.parent / "unicode.json").write_text(json.dumps(golden, indent=1) + "\n")
