"""Odd strings and what open_clip's SimpleTokenizer makes of them: tests/golden/tokens.jsonl, one [text, ids] a line.

    python tokens.py                                                               the golden itself
    python tokens.py --seed 7 --count 20000 --longest 400 --output /tmp/t.jsonl    others, for a longer comparison

Needs open_clip, ftfy and regex. The golden: CPython 3.11, open_clip 3.3.0, ftfy 6.3.1, regex 2026.11.19, seed 1.
"""
import argparse
import html.entities
import importlib.util
import json
import pathlib
import random
import re

import ftfy  # noqa: F401  registers the sloppy codecs
from ftfy.badness import MOJIBAKE_CATEGORIES
from ftfy.chardata import CHARMAP_ENCODINGS, UTF8_CLUES

# The tokeniser's module alone: open_clip's own imports want torchvision, which it does not.
folder = pathlib.Path(importlib.util.find_spec("open_clip").submodule_search_locations[0])
spec = importlib.util.spec_from_file_location("open_clip_tokenizer", folder / "tokenizer.py")
tokenizer = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tokenizer)

CLASS_NAMES = """tench; kite (bird of prey); metal nail; Ann's hummingbird; forget-me-not; yorkshire terrier;
black-eyed susan; sweet pea; 2012 BMW M3 coupe; Boeing 737-800; Fokker F28; CRJ-900; baked alaska; crème brûlée; beef
carpaccio; jalapeño; macaroni & cheese; fish and chips; ceiling_fan; BACKGROUND_Google; windsor-chair; yin_yang;
AnnualCrop; Sea/Lake; Permanent Crop Land; forest path; abbey; art gallery; art_studio; banded; zigzagged;
ApplyEyeMakeup; YoYo; Hammering; airplane; aquarium fish; lawn mower; digit 0; number: "seven"; centered satellite
photo; tumour tissue; lymph node; 0; 9; Speed limit (30km/h); No passing for vehicles > 3.5 t; happy; anger; negative;
positive; one object; 12 objects; class of 1999; St. Bernard; Chihuahua; T-shirt/top; Ankle boot; men's watch; women’s
sandal; Wöhler & Söhne; Mercedes-Benz C-Class Sedan 2012; Ram C/V Cargo Van Minivan 2012; AM General Hummer SUV 2000;
naïve façade; Pokémon; São Paulo; Ångström; i̇stanbul; İSTANBUL; ΟΔΥΣΣΕΥΣ; Straße; ﬁsh ﬂour; Ｆｕｌｌ　Ｗｉｄｔｈ; ﾊﾝｶｸ ｶﾞ; Ⅷ Ⅻ
ⓐⓩ ½ ² ٣ ५""".replace("\n", " ").split("; ")
TEMPLATES = """{}|a photo of a {}.|a bad photo of the {}.|itap of a {}.|a origami {}.|a photo of the large {}|
art of the {}|a {} in a video game.|i'm sure it's {}|we've seen {}'s|they're {}, aren't they?|YOU'LL LOVE {}!!|
I'd say: "{}"|<{}>|[{}]|{} -- 100%|{}\t{}|  {}  |the {}…|‘{}’ “{}”|#{} @{}|{}/{}|{}.jpg|
a centered satellite photo of {}.""".replace("\n", "").split("|")
SENTENCES = """The quick brown fox jumps over the lazy dog|Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter
Deich|Voix ambiguë d’un cœur qui au zéphyr préfère les jattes de kiwis|El pingüino Wenceslao hizo kilómetros bajo
exhaustiva lluvia|à la carte, às vezes àquela hora|Příliš žluťoučký kůň úpěl ďábelské ódy|Zażółć gęślą jaźń|Årvíztűrő
tükörfúrógép|Pijamalı hasta yağız şoföre çabucak güvendi|Ξεσκεπάζω την ψυχοφθόρα βδελυγμία|ΤΕΛΟΣ. ΟΔΟΣ ΣΣ Σ|Съешь же
ещё этих мягких французских булок|Жебракують філософи при ґанку|Įlinkdama fechtuotojo špaga|Glāžšķūņa rūķīši|نص حكيم
له سر قاطع وذو شأن عظيم|דג סקרן שט בים מאוכזב|いろはにほへと ちりぬるを|我能吞下玻璃而不伤身体|다람쥐 헌 쳇바퀴에 타고파|ऋषियों को सताने वाले
दुष्ट|นายสังฆภัณฑ์ เฮงพิทักษ์ฝั่ง|¿Qué? ¡Sí! «oui» £5 €10 ¥100 §2 ¶|“He said ‘no’” — really… • yes™ ©2024 ®|naïve café
— déjà vu|😀👍🏽👨‍👩‍👧‍👦🏴󠁧󠁢󠁷󠁬󠁳󠁿🇩🇪❤️‍🔥|x² + y³ ≤ ∞ ≠ √2 ± ½|¯\\_(ツ)_/¯ ಠ_ಠ (╯°□°）╯︵ ┻━┻ ʕ•ᴥ•ʔ""".replace("\n", " ").split("|")
POOLS = [
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", " ", ".,;:!?'\"()[]{}<>-_/\\@#$%^&*+=|~`",
    "\u0300\u0301\u0302\u0303\u0308\u030a\u0323\u0327\u0328\u0345\u05b0\u064b\u0e31\u20dd\ufe0f\u200d\u200c\u200e\u202e",
    "ΑΒΓΔΣΣΣςσάέΐϋΆ", "АБВГДЕЁЖабвгдеёжђѓєїЂЃ", "אבגדהוזחט֑", "ابتثجحخ٠١٢٣", "अआइईउ०१२३ि्", "中文字汉語漢々〇", "ひらがなカタカナｶﾀｶﾅﾞﾟー",
    "가나다각각ㄱ", "😀😂🥰👍🏽🏿👩‍💻🇯🇵🏳️‍🌈❤️⚽🎉", "ßẞſŉǅǆĳŀﬀﬁﬂﬃﬅﬆæœøåÞðıİıKÅ", "ⅠⅣⅻⓐⓏ①²³½¾㊀🄰🅐🆎", "‘’‚‛“”„‟ʼ`´′″«»‹›", "—–‒―‐‑…·•",
    "\u00a0\u1680\u2000\u2003\u2007\u2009\u2028\u2029\u202f\u205f\u3000\u180e\u200b\ufeff\u2060",
    "\x00\x01\x07\x08\t\n\x0b\x0c\r\x0e\x1a\x1b\x1c\x1d\x1e\x1f\x7f", "".join(map(chr, range(0x80, 0x100))),
    "\ufffd\ufffc\ufff9\u206a\ufffe\uffff\ue000\uf8ff", "！＂＃＄％＆＇（）０１Ａａ～￠￡￥￦￣｢｣､･",
]
GLYPHS = re.compile(f"[{''.join({**MOJIBAKE_CATEGORIES, **UTF8_CLUES}.values())}]")
MOJIBAKE = [c for c in map(chr, range(0x80, 0x10000)) if GLYPHS.match(c)]
ENTITIES = sorted(html.entities.html5)


def surrogates_apart(c):
    """A character's CESU-8: beyond U+FFFF each of its two UTF-16 units in three bytes."""
    units = c.encode("utf-16-be")
    return b"".join(chr(int.from_bytes(units[i:i + 2], "big")).encode("utf-8", "surrogatepass")
                    for i in range(0, len(units), 2))


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, items, least=1, most=1):
        return [self.random.choice(items) for _ in range(self.random.randint(least, most))]

    def prompt(self):
        return self.random.choice(TEMPLATES).replace("{}", self.random.choice(CLASS_NAMES))

    def sentence(self):
        words = self.random.choice(SENTENCES).split(" ")
        begin = self.random.randrange(len(words))
        text = " ".join(words[begin:begin + self.random.randint(1, 6)])
        return self.random.choice([str, str.upper, str.title, str.lower])(text)

    def pools(self):
        return "".join("".join(self.pick(pool, 1, 5)) for pool in self.pick(POOLS, 1, 8))

    def scalars(self):
        top = self.random.choice([0x250, 0x600, 0x3000, 0x10000, 0x20000, 0x110000])
        return "".join(chr(c) for c in (self.random.randrange(top) for _ in range(self.random.randint(1, 16)))
                       if not 0xD800 <= c < 0xE000)

    def neighbours(self):
        """Mojibake's characters side by side, some of them letters."""
        pool = MOJIBAKE if self.random.random() < 0.5 else self.pick(MOJIBAKE, 4, 12)
        return "".join(self.random.choice(pool) if self.random.random() < 0.7 else self.random.choice(" aZé1.\n?")
                       for _ in range(self.random.randint(2, 14)))

    def entity(self):
        kind = self.random.randrange(8)
        name = self.random.choice(ENTITIES)
        number = self.random.choice([self.random.randrange(0x180), self.random.randrange(0x3000),
                                     self.random.randrange(0x120000), 0xD83D, 0xFFFE, 38, 59, 60])
        if kind == 0:
            return "&" + name.upper()
        if kind == 1:
            return f"&#{number};" if self.random.random() < 0.7 else f"&#{number}"
        if kind == 2:
            return f"&#x{number:x};" if self.random.random() < 0.7 else f"&#X{number:X}g"
        if kind == 3:
            return "&amp;" + name
        if kind == 4:
            return "&" + name[:-1] + self.random.choice(["it;", "=1", "&", "é;", ""])
        if kind == 5:
            return self.random.choice(["&", "&;", "&#", "&#;", "&#x;", "&#xg;", "&#12ab;", "&AMP;AMP;lt;", "&lt;b&gt;", "<b>",
                                       "&&amp;"])
        return "&" + name

    def entities(self):
        return "".join(self.random.choice([self.entity, self.entity, self.sentence, lambda: " ", lambda: "\n"])()
                       for _ in range(self.random.randint(1, 5)))

    def honest(self):
        return self.random.choice([self.sentence, self.sentence, self.prompt, self.pools])()

    def mojibake(self):
        text = self.honest()
        for _ in range(self.random.choice([1, 1, 1, 2, 2, 3])):
            data = text.encode("utf-8", "surrogatepass")
            if self.random.random() < 0.15:  # CESU-8 and Java's null
                data = b"".join(map(surrogates_apart, text)).replace(b"\0", b"\xc0\x80")
            text = data.decode(self.random.choice(CHARMAP_ENCODINGS))
        loss = self.random.randrange(8)
        if loss == 0:
            text = text.replace("\u00a0", " ")
        elif loss == 1:
            text = "".join("\ufffd" if 0x80 <= ord(c) < 0xA0 else c for c in text)
        elif loss == 2:
            text = "".join("?" if self.random.random() < 0.1 and ord(c) > 0x7F else c for c in text)
        elif loss == 3:
            text = "".join(c for c in text if self.random.random() < 0.95)
        elif loss == 4:
            text = text.lower()
        return text

    def mixed(self):
        parts = [self.mojibake, self.honest, self.neighbours, self.entities, self.mojibake]
        return self.random.choice(["", " ", "\n", "\r\n", ", "]).join(
            self.random.choice(parts)() for _ in range(self.random.randint(2, 4)))

    def terminal(self):
        escapes = ["\x1b[31;1m", "\x1b[0m", "\x1b[", "\x1b[٣m", "\x1b[1;é", "\x1b]0;x\x07"]
        return "".join(self.random.choice(escapes) + self.sentence() for _ in range(self.random.randint(1, 3)))

    def special(self):
        marker = self.random.choice(["<start_of_text>", "<end_of_text>", "<|startoftext|>", "<END_of_TEXT>",
                                     "<ſtart_of_text>", "'ſ", "it'S", "''ll", "'d've", "l'été", "o'clock", "'RE",
                                     "\u0345", "!\u0345!"])
        return self.random.choice(["", " ", "<", "a"]) + marker + self.random.choice(["", " ", ">", self.sentence()])

    def run(self):
        unit = self.random.choice(["a", "ab", "!", "😀", "é", "ha", "9", "Σ", "…", "中", "\u0301", "'s", "Ã©", " ", "&amp;",
                                   "zx", "-="])
        return unit * self.random.randint(5, 90)

    def text(self):
        makers = [(self.prompt, 3), (self.honest, 3), (self.pools, 3), (self.scalars, 2), (self.neighbours, 3),
                  (self.entities, 3), (self.mojibake, 5), (self.mixed, 3), (self.terminal, 1), (self.special, 1), (self.run, 1)]
        return self.random.choices([m for m, _ in makers], [w for _, w in makers])[0]()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2200)
    parser.add_argument("--longest", type=int, default=120, help="characters")
    parser.add_argument("--output", default=pathlib.Path(__file__).parent.parent / "tokens.jsonl")
    options = parser.parse_args()
    maker, reference, seen = Maker(options.seed), tokenizer.SimpleTokenizer(), set()
    with open(options.output, "w", encoding="utf-8") as out:
        while len(seen) < options.count:
            text = maker.text()
            if text in seen or len(text) > options.longest:
                continue
            seen.add(text)
            out.write(json.dumps([text, reference.encode(text)], ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
