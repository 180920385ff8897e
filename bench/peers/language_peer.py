"""A language model as users of transformers and peft run it: a LoRA step, a prompt read and an answer drawn, items scored
with each prompt anew. Same work as ../language.cpp."""
import argparse
import json
import time

import torch
import transformers

import measure

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--work", choices=["train", "write", "evaluate"], default="train")
parser.add_argument("--precision", choices=["fp32", "bf16", "autocast"], default="fp32")
parser.add_argument("--data")
parser.add_argument("--items", type=int, default=4, help="of the data, scored")
parser.add_argument("--batch", type=int, default=4)
parser.add_argument("--length", type=int, default=256)
parser.add_argument("--steps", type=int, default=2)
parser.add_argument("--warmup", type=int, default=1)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--prompt", type=int, default=512)
parser.add_argument("--tokens", type=int, default=64)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(7)
dtype = torch.bfloat16 if args.precision == "bf16" else torch.float32
model = transformers.AutoModelForCausalLM.from_pretrained(args.model, dtype=dtype).eval()
vocabulary = model.get_input_embeddings().weight.shape[0]
ready, ready_mb = measure.since_start(), measure.peak_mb()


class Timed:
    def __init__(self):
        self.wall, self.processor = [], []

    def __call__(self, work):
        begin, busy = time.perf_counter(), time.process_time()
        result = work()
        self.wall.append(time.perf_counter() - begin)
        self.processor.append(time.process_time() - busy)
        return result

    def rate(self, count, skip):
        return dict(tokens_per_s=count / measure.median(self.wall[skip:]), per_processor_s=count / measure.median(self.processor[skip:]))


def train():
    import peft

    lora = peft.get_peft_model(model, peft.LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
    lora.train()
    optimizer = torch.optim.AdamW([p for p in lora.parameters() if p.requires_grad], lr=1e-3)
    ids = torch.randint(3, vocabulary, (args.batch, args.length))
    timed, losses = Timed(), []

    def step():
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "autocast"):
            loss = lora(input_ids=ids, labels=ids).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    for _ in range(args.warmup + args.steps):
        timed(step)
    return dict(timed.rate(args.batch * args.length, args.warmup), losses=losses)


@torch.inference_mode()
def write():
    ids = torch.randint(3, vocabulary, (1, args.prompt))
    reading, drawing = Timed(), Timed()

    def draw(answer):
        for _ in range(args.tokens):
            token = answer.logits[:, -1:].argmax(-1)
            answer = model(token, past_key_values=answer.past_key_values)

    for _ in range(args.warmup + args.steps):
        reading(lambda: model(ids, use_cache=True, logits_to_keep=1))
        start = model(ids[:, :32], use_cache=True, logits_to_keep=1)
        drawing(lambda: draw(start))
    return dict(read=reading.rate(args.prompt, args.warmup), drawn=drawing.rate(args.tokens, args.warmup))


@torch.inference_mode()
def evaluate():
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.model)
    items = json.load(open(args.data))[:args.items]
    timed, sums = Timed(), []

    def score():
        for context, choices in items:
            before = tokenizer(context).input_ids
            for choice in choices:
                ids = torch.tensor([tokenizer(context + choice).input_ids])
                scored = ids[:, len(before):]
                logits = model(ids[:, :-1], logits_to_keep=scored.shape[1]).logits.float().log_softmax(-1)
                sums.append(logits.gather(2, scored[..., None]).sum().item())

    timed(score)
    return dict(items_per_s=len(items) / timed.wall[0], per_processor_s=len(items) / timed.processor[0], sums=sums)


measure.emit(peer="transformers", precision=args.precision, ready_s=ready, ready_mb=ready_mb, **dict(train=train, write=write, evaluate=evaluate)[args.work]())
