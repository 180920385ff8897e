"""Small vocabularies, odd strings and the ids that `tokenizers` gives them: tests/golden/tokenizers/.

    python tokenizers.py CORPUS              trains the vocabularies on a text file, then writes what follows
    python tokenizers.py                     writes expected.json anew from the vocabularies that are there

The odd strings come from fragments.json and a generator that tests/text/odd_strings.h has as well. Of all 10,000 only a
hash is kept, of the short ones among the first 150 the ids. Needs transformers; 5.24.0 with tokenizers 0.23.3 wrote what is here.
"""
import json
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path = [p for p in sys.path if pathlib.Path(p or ".").resolve() != HERE]  # this file has the library's name
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers,  # noqa: E402
                        processors, trainers)
import transformers  # noqa: E402

FOLDER = HERE.parent / "tokenizers"
FRAGMENTS = json.loads((FOLDER / "fragments.json").read_text())
COUNT, KEPT, LONGEST_KEPT = 10000, 150, 100
MASK = 2**64 - 1


class OddStrings:
    def __init__(self):
        self.state = 1

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return (self.state >> 33) % n

    def scalars(self):
        top = [0x80, 0x250, 0x600, 0x3000, 0x10000, 0x20000, 0x110000][self.below(7)]
        scalars = [self.below(top) for _ in range(1 + self.below(8))]
        return "".join(chr(c) for c in scalars if not 0xD800 <= c < 0xE000)

    def text(self):
        text = ""
        for _ in range(self.below(7)):
            kind = self.below(8)
            if kind == 0:
                text += self.scalars()
            elif kind == 1:
                fragment = FRAGMENTS[self.below(len(FRAGMENTS))]
                text += fragment * (1 + self.below(40))
            else:
                text += FRAGMENTS[self.below(len(FRAGMENTS))]
            if self.below(2):
                text += " "
        return text


def hashed(numbers, state=0xCBF29CE484222325):
    for n in [*numbers, 0xFFFFFFFF]:
        for byte in n.to_bytes(4, "little"):
            state = ((state ^ byte) * 0x100000001B3) & MASK
    return state


def train(corpus):
    """Vocabularies of some 600 pieces from English and from the fragments."""
    lines = corpus.read_text().splitlines()[:4000] + FRAGMENTS * 3

    wordpiece = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    wordpiece.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    both = lines + [line.lower() for line in lines] + [normalizers.NFD().normalize_str(line) for line in FRAGMENTS]
    wordpiece.train_from_iterator(both, trainers.WordPieceTrainer(
        vocab_size=900, show_progress=False, limit_alphabet=260,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    (FOLDER / "bert").mkdir(exist_ok=True)
    pieces = sorted(wordpiece.get_vocab().items(), key=lambda item: item[1])
    (FOLDER / "bert/vocab.txt").write_text("".join(piece + "\n" for piece, _ in pieces))

    bytes_ = Tokenizer(models.BPE())
    bytes_.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=700, show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"]))
    (FOLDER / "bytes").mkdir(exist_ok=True)
    bytes_.model.save(str(FOLDER / "bytes"))

    odd = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="~", end_of_word_suffix="$", fuse_unk=True))
    odd.normalizer = normalizers.Sequence([
        normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip(),
        normalizers.Replace("``", '"'), normalizers.Prepend("_")])
    odd.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.Punctuation("merged_with_previous")])
    odd.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=500, show_progress=False, limit_alphabet=120, continuing_subword_prefix="~", end_of_word_suffix="$",
        special_tokens=["<unk>", "<s>", "</s>"]))
    odd.add_special_tokens([AddedToken("<mask>", lstrip=True), AddedToken("[SEP]", rstrip=True)])
    odd.add_tokens([AddedToken("Straße", normalized=True), AddedToken("the", single_word=True, normalized=False),
                    AddedToken("theme", normalized=False)])
    s, e = odd.token_to_id("<s>"), odd.token_to_id("</s>")
    odd.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>:1", pair="<s> $B:2 </s> </s>:3 $A:1 </s>", special_tokens=[("<s>", s), ("</s>", e)])
    odd.decoder = decoders.BPEDecoder(suffix="$")
    (FOLDER / "odd").mkdir(exist_ok=True)
    odd.save(str(FOLDER / "odd/tokenizer.json"), pretty=False)


def from_config(folder, config):
    """The tokeniser that transformers makes of a folder with this tokenizer_config.json."""
    with tempfile.TemporaryDirectory() as copy:
        for name in os.listdir(folder):
            shutil.copy(folder / name, copy)
        if not config:
            return Tokenizer.from_file(copy + "/tokenizer.json")
        (pathlib.Path(copy) / "tokenizer_config.json").write_text(json.dumps(config))
        return getattr(transformers, config["tokenizer_class"]).from_pretrained(copy).backend_tokenizer


# Without this transformers 4 lets <mask> take the blanks before it, as the published models do, and transformers 5 not.
MASK_TOKEN = {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "rstrip": False, "normalized": False,
              "single_word": False, "special": True}
CASES = [
    ("bert uncased", "bert", {"tokenizer_class": "BertTokenizer", "do_lower_case": True}),
    ("bert cased", "bert", {"tokenizer_class": "BertTokenizer", "do_lower_case": False}),
    ("bert uncased with accents", "bert",
     {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "strip_accents": False}),
    ("bert cased without accents, ideographs together", "bert",
     {"tokenizer_class": "BertTokenizer", "do_lower_case": False, "strip_accents": True,
      "tokenize_chinese_chars": False}),
    ("roberta", "bytes", {"tokenizer_class": "RobertaTokenizer", "mask_token": MASK_TOKEN}),
    ("roberta with a prefix space", "bytes",
     {"tokenizer_class": "RobertaTokenizer", "mask_token": MASK_TOKEN, "add_prefix_space": True}),
    ("gpt2", "bytes", {"tokenizer_class": "GPT2Tokenizer"}),
    ("odd", "odd", {}),
    ("llama", "llama", {}),
    ("words", "words", {}),
]


def variants():
    """Further tokenizer.json files on the same vocabularies."""
    plain = Tokenizer(models.BPE.from_file(str(FOLDER / "bytes/vocab.json"), str(FOLDER / "bytes/merges.txt")))
    pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
               r"|\s*[\r\n]+|\s+(?!\S)|\s+")
    plain.normalizer = normalizers.NFC()
    plain.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    plain.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single="<s> $A", pair="<s> $A $B:1", special_tokens=[("<s>", plain.token_to_id("<s>"))])])
    plain.decoder = decoders.ByteLevel()
    (FOLDER / "llama").mkdir(exist_ok=True)
    plain.save(str(FOLDER / "llama/tokenizer.json"), pretty=False)
    words = Tokenizer(models.WordPiece.from_file(str(FOLDER / "bert/vocab.txt"), unk_token="[UNK]",
                                                 max_input_chars_per_word=12))
    words.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.NFD(), normalizers.StripAccents(),
                                             normalizers.Replace(Regex(" {2,}"), "-")])
    words.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(), pre_tokenizers.Punctuation("contiguous")])
    words.decoder = decoders.WordPiece()
    (FOLDER / "words").mkdir(exist_ok=True)
    words.save(str(FOLDER / "words/tokenizer.json"), pretty=False)


def main():
    if len(sys.argv) > 1:
        train(pathlib.Path(sys.argv[1]))
        variants()
    strings = OddStrings()
    texts = [strings.text() for _ in range(COUNT)]
    lengths = [6 + strings.below(40) for _ in range(COUNT)]
    cases, rows = [], []
    for name, folder, config in CASES:
        reference = from_config(FOLDER / folder, config)
        reference.no_truncation()
        reference.no_padding()
        single = 0xCBF29CE484222325
        for i, text in enumerate(texts):
            ids = reference.encode(text, add_special_tokens=False).ids
            single = hashed(ids, single)
            if i < KEPT and len(text) <= LONGEST_KEPT and name in ("bert uncased", "roberta", "odd"):
                rows.append([name, text, ids])
        pairs = 0xCBF29CE484222325
        for i, text in enumerate(texts):
            reference.enable_truncation(lengths[i], strategy="longest_first")
            row = reference.encode(text, texts[(i * 7 + 1) % COUNT])
            pairs = hashed([*row.ids, *row.type_ids, *row.special_tokens_mask], pairs)
        cases.append({"name": name, "folder": folder, "config": config, "texts": f"{single:016x}", "pairs": f"{pairs:016x}"})
        (FOLDER / "expected.json").write_text(json.dumps(cases, indent=1) + "\n")
    (FOLDER / "rows.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows))


if __name__ == "__main__":
    main()
