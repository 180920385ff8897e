"""BERT, RoBERTa and DistilBERT as transformers writes them, and a folder of sentence-transformers; run by models.py.

expected.safetensors holds `ids`, `mask` (1: no padding) and `types` [B, T], the last block's `tokens`, and the `features`
that graft's text tower gives: the pooler's row where the file has one, else the class token's.

Made with torch 2.13.0, transformers 5.24.0, sentence-transformers 6.2.0.
"""

import json
import pathlib

import torch

from models import OUT, expect, folder, lively

SIZES = dict(vocab_size=61, hidden_size=36, num_hidden_layers=2, num_attention_heads=3, intermediate_size=50)


def batch(padding, rows=4, longest=13, seed=31):
    """Texts of several lengths, padded behind, the second half of each of the second type."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor([longest, 2, longest - 4, 1])[:rows]
    ids = torch.randint(2, SIZES["vocab_size"], (rows, longest), generator=generator)
    mask = (torch.arange(longest).unsqueeze(0) < lengths.unsqueeze(1)).long()
    types = (torch.arange(longest).unsqueeze(0) >= lengths.unsqueeze(1) // 2).long() * mask
    return dict(input_ids=torch.where(mask.bool(), ids, padding), attention_mask=mask, token_type_ids=types)


def record(path, inputs, outputs):
    pooled = getattr(outputs, "pooler_output", None)
    tokens = outputs.last_hidden_state
    inputs = {name: value.to(torch.int32) for name, value in inputs.items()}
    expect(path, ids=inputs["input_ids"], mask=inputs["attention_mask"], types=inputs["token_type_ids"],
           tokens=tokens * inputs["attention_mask"].unsqueeze(-1), features=tokens[:, 0] if pooled is None else pooled)


def bert():
    from transformers import BertConfig, BertForPreTraining, BertModel

    model = lively(BertModel(BertConfig(**SIZES, max_position_embeddings=20, type_vocab_size=3)), 51)
    path = folder("bert_hf")
    model.save_pretrained(path)
    inputs = batch(0)
    record(path, inputs, model(**inputs))

    # As published in 2019: a head beside it, TensorFlow's names of a norm's parameters, the buffer of positions, pickled.
    config = BertConfig(**SIZES, max_position_embeddings=13, hidden_act="relu", layer_norm_eps=1e-3)
    model = lively(BertForPreTraining(config), 52)
    path = folder("bert_old")
    renamed = {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"):
               value.clone() for name, value in model.state_dict().items()}
    renamed["bert.embeddings.position_ids"] = torch.arange(13).unsqueeze(0)
    torch.save(renamed, path / "pytorch_model.bin")
    said = {key: value for key, value in config.to_dict().items() if key in SIZES or key in (
        "hidden_act", "layer_norm_eps", "max_position_embeddings", "type_vocab_size", "hidden_dropout_prob",
        "attention_probs_dropout_prob", "initializer_range")}
    (path / "config.json").write_text(json.dumps(said, indent=1))
    inputs = batch(0)
    record(path, inputs, model.bert(**inputs))


def roberta():
    from transformers import RobertaConfig, RobertaForSequenceClassification

    config = RobertaConfig(**SIZES, max_position_embeddings=17, type_vocab_size=1, hidden_act="gelu_new",
                           layer_norm_eps=1e-5, pad_token_id=2)
    model = lively(RobertaForSequenceClassification(config), 53)
    path = folder("roberta_hf")
    model.save_pretrained(path)
    inputs = batch(2)
    inputs["token_type_ids"] = torch.zeros_like(inputs["token_type_ids"])
    inputs["input_ids"][0, 5] = 2  # a token of the padding's id inside a text has the padding's place
    record(path, inputs, model.roberta(**inputs))


def distilbert():
    from transformers import DistilBertConfig, DistilBertForMaskedLM

    config = DistilBertConfig(vocab_size=61, dim=36, n_layers=2, n_heads=2, hidden_dim=50, max_position_embeddings=20,
                              activation="silu")
    model = lively(DistilBertForMaskedLM(config), 54)
    path = folder("distilbert_hf")
    model.save_pretrained(path)
    inputs = batch(0)
    record(path, inputs, model.distilbert(inputs["input_ids"], inputs["attention_mask"]))


TEXTS = ["A photo of two dogs.", "red", "", "The quick brown fox jumps over the lazy dog, again and again and again!",
         "Zwölf Boxkämpfer jagen Viktor"]
MODES = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]


def sentences():
    """A folder as sentence-transformers saves it, several poolings side by side, with a tokenizer and texts."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    tokenizer = BertTokenizer.from_pretrained(OUT.parent / "tokenizers" / "bert")
    torch.manual_seed(55)  # for the pooler that transformers adds
    config = BertConfig(vocab_size=len(tokenizer), hidden_size=12, num_hidden_layers=2, num_attention_heads=3,
                        intermediate_size=20, max_position_embeddings=30, hidden_act="quick_gelu")
    path = folder("sentence_hf")
    inner = path.parent / "sentence_inner"
    lively(BertModel(config, add_pooling_layer=False), 55).save_pretrained(inner)
    tokenizer.save_pretrained(inner)
    transformer = Transformer(str(inner), max_seq_length=16)
    model = SentenceTransformer(modules=[transformer, Pooling(12, pooling_mode=MODES), Normalize()], device="cpu")
    model.save(str(path), create_model_card=False)
    features = torch.cat([Pooling(12, pooling_mode=MODES)(transformer(transformer.preprocess([text])))
                          ["sentence_embedding"] for text in TEXTS])
    together = transformer(transformer.preprocess(TEXTS))
    expect(path, ids=together["input_ids"].to(torch.int32), mask=together["attention_mask"].to(torch.int32),
           features=features, tokens=together["token_embeddings"] * together["attention_mask"].unsqueeze(-1))
    (path / "texts.json").write_text(json.dumps(TEXTS))
    for file in inner.iterdir():
        file.unlink()
    inner.rmdir()


def make():
    bert()
    roberta()
    distilbert()
    sentences()
