"""What lm-evaluation-harness (lm_eval 0.4.13) makes of tasks, and transformers 5.24 of logits: tests/golden/prompting.json.

Run with the peers' Python and lm_eval on PYTHONPATH. The model is FakeModel, which tests/prompting/fake_model.h has in C++.
"""
import json
import os
import random
import sys
import tempfile
from pathlib import Path

sys.path.pop(0)  # tokenizers.py lies beside this file
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["DISABLE_MULTIPROC"] = "1"
import torch
import yaml
from lm_eval import evaluator
from lm_eval.api.model import LM
from lm_eval.api.metrics import exact_match_hf_evaluate
from lm_eval.filters.extraction import RegexFilter
from lm_eval.filters.selection import MajorityVoteFilter
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window
from transformers.generation.logits_process import (MinPLogitsWarper, TemperatureLogitsWarper, TopKLogitsWarper,
                                                    TopPLogitsWarper)


def number(text):
    return sum(text.encode()) % 1000003


class FakeModel(LM):
    def __init__(self):
        super().__init__()
        self.asked = []

    @staticmethod
    def likelihood(context, continuation):
        c = number(context)
        total = 0.0
        for i, b in enumerate(continuation.encode()):
            total -= ((b * 7 + i * 13 + c) % 101 + 1) / 40
        return total, (c + number(continuation)) % 3 == 0

    def loglikelihood(self, requests):
        self.asked += [list(r.args) for r in requests]
        return [self.likelihood(*r.args) for r in requests]

    def loglikelihood_rolling(self, requests):
        return [self.likelihood("", r.args[0])[0] for r in requests]

    def generate_until(self, requests):
        self.asked += [[r.args[0], ""] for r in requests]
        return [self.text(r.args[0]) for r in requests]

    @staticmethod
    def text(prompt):
        c = number(prompt)
        if c % 7 == 0:
            return " no idea at all"
        if c % 3 == 0:
            return f" first {c % 11}, then {c % 13}\n#### $1,{c % 1000:03d}."
        return f" I think {c % 50} apples. The answer is {c % 20}."


QUESTIONS = [{"split": "train", "question": f"What is {a} + {b}?", "steps": f"{a} and {b} are {a + b}. It is small.",
              "answer": str(a + b), "kind": ["red", "großer Hut", "blue sky"][(a * b) % 3]}
             for a, b in [(1, 2), (3, 4), (5, 6), (7, 8), (2, 9), (4, 4), (6, 1)]]
ASKED = [{"split": "test", "question": f"What is {a} + {b}?", "steps": "", "answer": str((a + b) if a % 2 else a * b % 20),
          "kind": ["red", "großer Hut", "blue sky"][(a + b) % 3]}
         for a, b in [(9, 9), (8, 3), (11, 2), (5, 5), (12, 1), (3, 16), (7, 7), (10, 10), (13, 4)]]

COMMON = {"training_split": "train", "test_split": "test", "fewshot_split": "train"}
TASKS = [
    {"task": "kinds", **COMMON, "output_type": "multiple_choice", "description": "Colours and hats.\n",
     "doc_to_text": "Q: {{question}}\nKind:", "doc_to_target": "kind",
     "doc_to_choice": ["red", "großer Hut", "blue sky"],
     "metric_list": [{"metric": m, "aggregation": "brier_score" if m == "brier_score" else "mean"}
                     for m in ["acc", "acc_norm", "acc_bytes", "acc_mutual_info", "brier_score"]]},
    {"task": "first", **COMMON, "output_type": "multiple_choice", "doc_to_text": "question",
     "doc_to_target": "{{kind}}", "doc_to_choice": ["red", "großer Hut", "blue sky"], "target_delimiter": " => ",
     "fewshot_delimiter": "\n--\n", "fewshot_config": {"sampler": "first_n"}, "metric_list": [{"metric": "acc"}]},
    {"task": "sums", **COMMON, "output_type": "generate_until", "doc_to_text": "Question: {{question}}\nAnswer:",
     "doc_to_target": "{{answer}}",
     "generation_kwargs": {"until": ["Question:"], "do_sample": False},
     "metric_list": [{"metric": "exact_match", "ignore_case": True, "ignore_punctuation": False,
                      "regexes_to_ignore": [",", "\\$", "(?s).*#### ", "\\.$"]}],
     "filter_list": [
         {"name": "strict-match", "filter": [{"function": "regex", "regex_pattern": "The answer is (\\-?[0-9\\.\\,]+)."},
                                             {"function": "take_first"}]},
         {"name": "flexible-extract",
          "filter": [{"function": "regex", "group_select": -1, "regex_pattern": "(-?[$0-9.,]{2,})|(-?[0-9]+)"},
                     {"function": "take_first"}]},
         {"name": "answer", "filter": [{"function": "regex"}, {"function": "take_first"}]}]},
    {"task": "target", **COMMON, "output_type": "loglikelihood", "doc_to_text": "{{question}}",
     "doc_to_target": " {{answer}}", "metric_list": [{"metric": "perplexity"}, {"metric": "acc"}]},
    {"task": "rolling", **COMMON, "output_type": "loglikelihood_rolling", "doc_to_text": "",
     "doc_to_target": "{{question}} \t{{kind}}\n",
     "metric_list": [{"metric": m} for m in ["word_perplexity", "byte_perplexity", "bits_per_byte"]]},
]


def run(config, folder, shots):
    model = FakeModel()
    config = {**config, "dataset_path": "json",
              "dataset_kwargs": {"data_files": {s: f"{folder}/{s}.jsonl" for s in ["train", "test"]}}}
    out = evaluator.simple_evaluate(model=model, tasks=[config], num_fewshot=shots, bootstrap_iters=50, log_samples=True)
    results = {k: v for k, v in out["results"][config["task"]].items() if "," in k and isinstance(v, (int, float))}
    return {"shots": shots, "asked": model.asked, "results": results}


def tasks():
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for split, rows in [("train", QUESTIONS), ("test", ASKED)]:
            Path(folder, f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
        for task in TASKS:
            shots = [0] if task["output_type"] == "loglikelihood_rolling" else [0, 2, 5]
            made.append({"yaml": yaml.safe_dump(task, allow_unicode=True), "runs": [run(task, folder, k) for k in shots]})
    return made


def filters():
    texts = ["The answer is 18.", "The answer is 1,234.50. No, The answer is 7 .", "so #### -12\n#### 13", "", "$5 or 6,",
             "x 3 y -44 z", "(a) 'tis naïve 東京 ½ 12", "a.b.c", "aaa", "line one\nline two\n", "\n", "abab ab", "1-2-3"]
    patterns = [("The answer is (\\-?[0-9\\.\\,]+).", 0), ("(-?[$0-9.,]{2,})|(-?[0-9]+)", -1), ("#### (\\-?[0-9\\.\\,]+)", 0),
                ("a*", 1), ("(a)|(b)", -1), ("(?:ab)+", 0), ("[^\\W\\d_]+", -1), ("\\b\\w", 1), ("(?s)one.*two", 0),
                ("one.*two", 0), ("(?m)^line (\\w+)$", -1), ("^line", -1), ("two$", 0), ("two\\Z", 0), ("(?i)THE (ANS)WER", 0),
                ("a{2}", 0), ("a{1,2}?", 0), ("a??b", 0), ("x|", 1), ("(a|ab)(c|bcd)*", 0), ("[\\]a-c.-]+", 0), ("\\d+", -1),
                ("\\D\\s", 0), ("{x}", 0), ("a{,2}b", 0), ("(\\w)(\\w)?", -1), ("\\$[0-9]", 0),
                ("(?P<n>[0-9])", -1), ("\\u6771.", 0), (".", -1), ("$", 0), ("a|b|", -1)]
    import re
    return [{"pattern": p, "group_select": g, "texts": texts,
             "answers": [RegexFilter(p, group_select=g).apply([[t]], None)[0][0]
                         if (lambda n: -n <= g < n)(len(re.findall(p, t))) else "[invalid]" for t in texts],
             "removed": [re.sub(p, "", t) for t in texts]} for p, g in patterns]


def matches():
    kinds = [{}, {"ignore_case": True}, {"ignore_punctuation": True}, {"ignore_numbers": True},
             {"regexes_to_ignore": [",", "\\$", "(?s).*#### ", "\\.$"]}]
    pairs = [("18", "18."), ("A b", "a B"), ("1,234", "1234"), ("x #### $5.", "5"), ("a\n#### 7", "7"), ("No!", "No"),
             ("b2b", "bb"), ("", ""), ("7.\n", "7")]
    return [{"options": k, "pairs": pairs,
             "equal": [float(exact_match_hf_evaluate([a], [b], **k)["exact_match"]) for a, b in pairs]} for k in kinds]


def votes():
    lists = [["a", "b", "b"], ["a", "b"], ["b", "a", "a", "b"], ["c"], ["x", "y", "z", "y"]]
    return [{"responses": r, "vote": list(MajorityVoteFilter().apply([r], None))[0][0]} for r in lists]


def windows():
    made = []
    for count, longest in [(1, 4), (4, 4), (5, 4), (9, 4), (8, 4), (3, 10), (7, 1), (23, 5)]:
        tokens = list(range(10, 10 + count))
        pairs = [make_disjoint_window(w) for w in get_rolling_token_windows(tokens, 1, longest, 1)]
        made.append({"tokens": tokens, "longest": longest, "windows": [[list(a), list(b)] for a, b in pairs]})
    return made


def warpers():
    made = []
    generator = torch.Generator().manual_seed(3)
    for t, k, p, m in [(1, 0, 1, 0), (0.7, 0, 1, 0), (1.3, 5, 1, 0), (1, 0, 0.9, 0), (1, 0, 0.3, 0), (1, 0, 1, 0.1),
                       (0.8, 7, 0.8, 0.05), (2, 3, 0.5, 0), (1, 1, 1, 0), (0.1, 0, 0.99, 0.01)]:
        logits = torch.randn(1, 20, generator=generator) * 2
        scores = logits
        for use, warper in [(t != 1, lambda: TemperatureLogitsWarper(float(t))), (k, lambda: TopKLogitsWarper(k)),
                            (p < 1, lambda: TopPLogitsWarper(p)), (m, lambda: MinPLogitsWarper(m))]:
            if use:
                scores = warper()(None, scores)
        made.append({"temperature": t, "top_k": k, "top_p": p, "min_p": m, "logits": logits[0].tolist(),
                     "probabilities": torch.softmax(scores.double(), -1)[0].tolist()})
    return made


if __name__ == "__main__":
    random.seed(0)
    out = {"train": QUESTIONS, "test": ASKED, "tasks": tasks(), "filters": filters(), "matches": matches(),
           "votes": votes(), "windows": windows(), "warpers": warpers()}
    Path(__file__).parent.parent.joinpath("prompting.json").write_text(json.dumps(out, ensure_ascii=True) + "\n")
