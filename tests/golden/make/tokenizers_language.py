"""Small tokenisers of the kinds that language models have, and what `tokenizers` and sentencepiece make of odd strings.

    python tokenizers_language.py CORPUS     trains them on a text file, then writes what follows
    python tokenizers_language.py            writes language.json anew from the vocabularies that are there

Writes tests/golden/tokenizers/<folder>/ and language.json: of the odd strings of tokenizers.py (10,000) hashes of the
ids, of the ids with special tokens as text, and of the texts that the ids decode to; of the short ones among the first
the ids themselves (language_rows.jsonl). tokenizers 0.23.3 and sentencepiece 0.2.3 wrote what is here.
"""
import base64
import importlib.util
import io
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("odd_strings", HERE / "tokenizers.py")
odd_strings = importlib.util.module_from_spec(spec)
spec.loader.exec_module(odd_strings)
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers,  # noqa: E402
                        processors, trainers)
import sentencepiece  # noqa: E402

FOLDER = HERE.parent / "tokenizers"
COUNT, KEPT, LONGEST_KEPT = 10000, 60, 60
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")


def save(tokenizer, name):
    (FOLDER / name).mkdir(exist_ok=True)
    tokenizer.save(str(FOLDER / name / "tokenizer.json"), pretty=False)


def marked_pairs(lines, size):
    """A BPE vocabulary over blanks as U+2581, with byte tokens: (vocab, merges)."""
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=size, show_progress=False, limit_alphabet=120, special_tokens=["<unk>", "<s>", "</s>", *BYTES]))
    model = json.loads(trained.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def byte_pairs():
    return models.BPE.from_file(str(FOLDER / "bytes/vocab.json"), str(FOLDER / "bytes/merges.txt"))


def train(lines):
    vocab, merges = marked_pairs(lines, 800)
    begin = [("<s>", vocab["<s>"])]

    llama2 = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    llama2.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    llama2.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=begin)
    llama2.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                        decoders.Strip(" ", 1, 0)])
    llama2.add_special_tokens([AddedToken(token, normalized=False) for token in ("<unk>", "<s>", "</s>")])
    save(llama2, "llama2")

    gemma = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    gemma.normalizer = normalizers.Replace(" ", "▁")
    gemma.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    gemma.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    gemma.add_special_tokens([AddedToken(token, normalized=False) for token in ("<unk>", "<s>", "</s>", "<mask>")])
    gemma.add_tokens([AddedToken(token, normalized=False) for token in ("\n\n", "\n", "▁▁", "▁▁▁", "\t", "<b>")])
    save(gemma, "gemma")

    # Without byte tokens, so that what is unknown stays so.
    known = {token: i for i, token in enumerate(token for token in vocab if token not in BYTES)}
    first = Tokenizer(models.BPE(known, merges, unk_token="<unk>"))
    first.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="first", split=False)])
    first.decoder = decoders.Metaspace(prepend_scheme="first")
    first.add_special_tokens([AddedToken("<s>", rstrip=True), AddedToken("</s>", lstrip=True), AddedToken("<mask>")])
    save(first, "first")

    rules = FOLDER / "rules.tsv"
    rules.write_text("".join(
        " ".join(f"{ord(c):X}" for c in source) + "\t" + " ".join(f"{ord(c):X}" for c in target) + "\n"
        for source, target in [("é", "e"), ("e\u0301", "e"), ("ﬁ", "fi"), ("\u00a0", " "), ("\t", " "), ("…", "..."),
                               ("\u200b", ""), ("\u0301", ""), ("ß", "ss"), ("\u304b\u3099", "\u304c"), ("\u3000", "  "),
                               ("K", "k"), ("KI", "q"), ("👍🏽", "👍")]))
    models_of_pieces(lines, rules)
    rules.unlink()

    proto = sentence_model("unigram")
    pieces = [(proto.id_to_piece(i), proto.get_score(i)) for i in range(proto.get_piece_size())]
    for name, fallback in [("unigram", False), ("unigram bytes", True)]:
        more = [(token, -20.0) for token in BYTES] if fallback else []
        unigram = Tokenizer(models.Unigram(pieces + more, unk_id=0, byte_fallback=fallback))
        unigram.normalizer = normalizers.Precompiled(charsmap("unigram"))
        unigram.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first" if fallback else "always")
        unigram.decoder = decoders.Metaspace()
        unigram.post_processor = processors.TemplateProcessing(
            single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", proto.piece_to_id("</s>"))])
        unigram.add_special_tokens([AddedToken(token, normalized=False) for token in ("<unk>", "<s>", "</s>")])
        save(unigram, name.replace(" ", "_") + "_json")

    llama3 = Tokenizer(byte_pairs())
    model = json.loads(llama3.to_str())["model"]
    vocab = model["vocab"]
    for whole in ("ĠKING", "internationalisation", "Ġ___"):  # words that no merges make
        vocab.setdefault(whole, len(vocab))
    llama3 = Tokenizer(models.BPE(vocab, [tuple(merge) for merge in model["merges"]], ignore_merges=True))
    llama3.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    llama3.decoder = decoders.ByteLevel()
    llama3.add_special_tokens(["<s>", "</s>", "<|endoftext|>", "<|eot_id|>"])
    save(llama3, "llama3")

    qwen = Tokenizer(byte_pairs())
    qwen.normalizer = normalizers.NFC()
    qwen.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3.replace("{1,3}", "")), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    qwen.decoder = decoders.ByteLevel()
    qwen.add_special_tokens(["<|endoftext|>"])
    save(qwen, "qwen")

    smollm = Tokenizer(byte_pairs())
    smollm.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    smollm.decoder = decoders.ByteLevel()
    smollm.add_special_tokens(["<|endoftext|>"])
    save(smollm, "smollm")


def models_of_pieces(lines, rules):
    shared = dict(vocab_size=700, minloglevel=2, hard_vocab_limit=False, num_threads=1)
    kinds = {
        "llama": dict(model_type="bpe", byte_fallback=True, normalization_rule_name="identity", pad_id=3,
                      remove_extra_whitespaces=False, user_defined_symbols=["<b>", "▁▁", "▁▁▁", "\n", "1"]),
        "bpe": dict(model_type="bpe", normalization_rule_tsv=str(rules), character_coverage=0.98),
        "unigram": dict(model_type="unigram", normalization_rule_tsv=str(rules), character_coverage=0.98,
                        user_defined_symbols=["the", "[MASK]"]),
        "unigram_bytes": dict(model_type="unigram", byte_fallback=True, normalization_rule_name="identity",
                              add_dummy_prefix=False, remove_extra_whitespaces=False),
        "behind": dict(model_type="bpe", treat_whitespace_as_suffix=True, normalization_rule_name="identity",
                       escape_whitespaces=True),
    }
    for name, options in kinds.items():
        out = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), model_writer=out, **shared, **options)
        (FOLDER / f"pieces_{name}").mkdir(exist_ok=True)
        (FOLDER / f"pieces_{name}" / "tokenizer.model").write_bytes(out.getvalue())


def sentence_model(name):
    return sentencepiece.SentencePieceProcessor(model_file=str(FOLDER / f"pieces_{name}" / "tokenizer.model"))


def charsmap(name):
    """precompiled_charsmap, field 2 of ModelProto's field 3."""
    def fields(message):
        at = 0
        def varint():
            nonlocal at
            value, shift = 0, 0
            while True:
                byte = message[at]
                at += 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value
        while at < len(message):
            key = varint()
            if key & 7 == 2:
                length = varint()
                yield key >> 3, message[at:at + length]
                at += length
            elif key & 7 == 0:
                varint()
            else:
                at += 4
    model = (FOLDER / f"pieces_{name}" / "tokenizer.model").read_bytes()
    normalizer = next(value for number, value in fields(model) if number == 3)
    return next(value for number, value in fields(normalizer) if number == 2)


def main():
    if len(sys.argv) > 1:
        corpus = pathlib.Path(sys.argv[1]).read_text().splitlines()
        train([line for line in corpus[:4000] + odd_strings.FRAGMENTS * 3 if "\0" not in line])
    strings = odd_strings.OddStrings()
    texts = [strings.text() for _ in range(COUNT)]
    cases, rows = [], []
    empty = 0xCBF29CE484222325

    def add(name, folder, encode, as_text, decode):
        case = {"name": name, "folder": folder}
        ids = [encode(text) for text in texts]
        for key, values in [("ids", ids), ("as_text", as_text and map(as_text, texts)),
                            ("decoded", decode and (list(decode(row).encode()) for row in ids))]:
            if values:
                state = empty
                for row in values:
                    state = odd_strings.hashed(row, state)
                case[key] = f"{state:016x}"
        cases.append(case)
        rows.extend([folder, text, row] for text, row in zip(texts[:KEPT], ids) if len(text) <= LONGEST_KEPT)

    for folder in ("llama2", "gemma", "first", "unigram_json", "unigram_bytes_json", "llama3", "qwen", "smollm"):
        tokenizer = Tokenizer.from_file(str(FOLDER / folder / "tokenizer.json"))
        special_as_text = Tokenizer.from_file(str(FOLDER / folder / "tokenizer.json"))
        special_as_text.encode_special_tokens = True
        # A unigram of `tokenizers` finds special tokens in text through its vocabulary; ours does not.
        add(folder, folder, lambda text: tokenizer.encode(text, add_special_tokens=False).ids,
            None if "unigram" in folder else lambda text: special_as_text.encode(text, add_special_tokens=False).ids,
            lambda ids: tokenizer.decode(ids, skip_special_tokens=False))
    for name in ("llama", "bpe", "unigram", "unigram_bytes", "behind"):
        model = sentence_model(name)
        add(f"sentencepiece {name}", f"pieces_{name}", lambda text: model.encode(text), lambda text: model.encode(text), None)
        cases[-1].pop("ids")  # sentencepiece knows no special tokens in text
    (FOLDER / "language.json").write_text(json.dumps(cases, indent=1) + "\n")
    (FOLDER / "language_rows.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows))


if __name__ == "__main__":
    main()
