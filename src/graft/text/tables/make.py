"""Writes the character tables beside it, from Python's own data and the packages that open_clip cleans text with.

    python make.py        (needs ftfy and regex; CPython 3.11, ftfy 6.3.1 and regex 2026.11.19 wrote the tables here)

The tables are facts about characters: what Python calls them, which bytes stand for them, which neighbours ftfy counts.
"""
import html.entities
import platform
import re
import unicodedata
from importlib.metadata import version

import ftfy.badness
import ftfy.chardata
import regex

from table_file import SCALARS, ranges, write_items

MADE_WITH = f"CPython {platform.python_version()}, ftfy {version('ftfy')}, regex {version('regex')}"


def write(name, about, items):
    write_items(name, about, f"make.py ({MADE_WITH})", items)


def unicode_versions():
    """What the regex module's Unicode knows and Python's does not."""
    known_to_python = {c for c in SCALARS if unicodedata.category(chr(c)) != "Cn"}
    for name, about, pattern in [
        ("newer_characters.inc", f"Assigned after Unicode {unicodedata.unidata_version}: unknown to this Python.",
         r"\P{Cn}"),
        ("newer_letters.inc", "Of these, what the regex module calls \\p{L}.", r"\p{L}"),
        ("newer_numbers.inc", "Of these, what the regex module calls \\p{N}.", r"\p{N}"),
    ]:
        match = regex.compile(pattern).match
        write(name, about, ranges(c for c in SCALARS if c not in known_to_python and match(chr(c))))


def entities():
    """HTML 5's named characters: name, one or two characters, whether the closing semicolon may be missing."""
    table = html.entities.html5
    items = []
    for name in sorted(name[:-1] for name in table if name.endswith(";")):
        characters = [f"{ord(c):#x}" for c in table[name + ";"]] + ["0"]
        items.append(f'{{"{name}",{characters[0]},{characters[1]},{int(name in table)}}}')
    write("html_entities.inc", "HTML 5's named characters, by name.", items)


def encodings():
    """The upper half of each single-byte encoding, in the order in which ftfy tries them."""
    items = []
    for name in ftfy.chardata.CHARMAP_ENCODINGS:
        upper = bytes(range(0x80, 0x100)).decode(name)
        items.append(f'{{"{name}",{{{",".join(f"{ord(c):#x}" for c in upper)}}}}}'.replace(",", ", "))
    write("encodings.inc", "Bytes 0x80 to 0xff in each encoding.", items)


def glyph_classes():
    """The classes that ftfy sorts mojibake's characters into, one bit each, in the order of glyphs.h."""
    classes = {**ftfy.badness.MOJIBAKE_CATEGORIES, **ftfy.chardata.UTF8_CLUES}
    masks = {}
    for bit, members in enumerate(classes.values()):
        inside = re.compile(f"[{members}]").match
        for c in SCALARS:
            if inside(chr(c)):
                masks[c] = masks.get(c, 0) | 1 << bit
    print("bits:", " ".join(classes))
    write("glyph_classes.inc", "Character and the classes it is in.",
          [f"{{{c:#x},{masks[c]:#x}}}" for c in sorted(masks)])


unicode_versions()
entities()
encodings()
glyph_classes()
