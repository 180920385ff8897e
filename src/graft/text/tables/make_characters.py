"""Writes the tables of ../characters.cpp: what the `tokenizers` library takes each character for.

    python make_characters.py       (needs tokenizers 0.23.3 and libutf8proc; takes a minute)

The library's parts follow different versions of Unicode, so each class is asked of the part that uses it.
"""
import ctypes

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

from table_file import SCALARS, ranges, write_items


def write(name, about, items):
    write_items(name, about, f"make_characters.py (tokenizers {tokenizers.__version__})", items)


def bert(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **on}).normalize_str


def splits_after(letter, pre_tokenizer):
    """The characters that stand apart from a letter before them."""
    return [c for c in SCALARS if len(pre_tokenizer.pre_tokenize_str(letter + chr(c))) == 2]


def classes():
    clean, strip = bert(clean_text=True), bert(strip_accents=True)
    write("control.inc", "What BertNormalizer removes.", ranges(c for c in SCALARS if clean(chr(c)) == ""))
    write("nonspacing.inc", "What BertNormalizer takes for an accent.", ranges(c for c in SCALARS if strip(chr(c)) == ""))
    marks = normalizers.StripAccents().normalize_str
    write("combining.inc", "What StripAccents removes.", ranges(c for c in SCALARS if marks(chr(c)) == ""))
    write("punctuation.inc", "What BertPreTokenizer isolates.",
          ranges(splits_after("a", pre_tokenizers.BertPreTokenizer())))
    write("numeric.inc", "What Digits isolates.",
          ranges(splits_after("a", pre_tokenizers.Digits(individual_digits=False))))
    for name, pattern in [("letters.inc", r"\p{L}"), ("numbers.inc", r"\p{N}")]:
        write(name, f"{pattern} in Split and ByteLevel.",
              ranges(splits_after("!", pre_tokenizers.Split(Regex(pattern), "isolated"))))
    words = pre_tokenizers.Whitespace()
    write("words.inc", "\\w in Whitespace.",
          ranges(c for c in SCALARS if [w for w, _ in words.pre_tokenize_str("a" + chr(c))] == ["a" + chr(c)]))


def lower_case():
    """First, last, step and the distance to the small letter."""
    lower, found = normalizers.Lowercase().normalize_str, []
    for c in SCALARS:
        small = lower(chr(c))
        if small == chr(c) or len(small) > 1:
            assert len(small) == 1 or c == 0x130
            continue
        distance = ord(small) - c
        run = found[-1] if found else None
        if run and run[3] == distance and c - run[1] <= 2 and (run[0] == run[1] or c - run[1] == run[2]):
            run[2], run[1] = c - run[1], c
        else:
            found.append([c, c, 1, distance])
    write("lower.inc", "First, last, step, distance to the small letter.",
          [f"{{{a:#x},{b:#x},{step},{distance}}}" for a, b, step, distance in found])


def inert():
    """What utf8proc decomposes or reorders and the library, whose normal forms are those of Unicode 9, does not."""
    library = ctypes.CDLL("libutf8proc.so.2")
    library.utf8proc_map.argtypes = [ctypes.c_char_p, ctypes.c_ssize_t, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int]
    library.utf8proc_map.restype = ctypes.c_ssize_t
    free = ctypes.CDLL(None).free
    free.argtypes = [ctypes.c_void_p]

    def mapped(text, options):
        data, out = text.encode(), ctypes.c_void_p()
        length = library.utf8proc_map(data, len(data), ctypes.byref(out), options)
        text = ctypes.string_at(out, length).decode()
        free(out)
        return text

    stable, compatible, decompose = 2, 4, 16
    nfd, nfkd = normalizers.NFD().normalize_str, normalizers.NFKD().normalize_str

    def differs(c):
        return (mapped(c, stable | decompose | compatible) != nfkd(c) or
                any(mapped(text, stable | decompose) != nfd(text)
                    for text in (c, f"a{c}\u0334", f"a\u0315{c}", f"a\u0323{c}")))

    found = [c for c in SCALARS if differs(chr(c))]
    for c in map(chr, found):
        assert nfkd(c) == c and all(nfd(text) == text for text in (f"a{c}\u0334", f"a\u0315{c}\u0334"))
    write("inert.inc", "To `tokenizers` these neither decompose nor combine.",
          ranges(sorted({*found, 0x11930})))  # and the vowel sign that composes to one of them


classes()
lower_case()
inert()
