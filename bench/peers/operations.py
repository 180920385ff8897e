"""Operations of a step, a multiply-add counting two: what has to be multiplied, whoever does it.

`plain` counts every token in every block and, backward, the gradient of every map's input. `needed` leaves out what
nobody reads: in the last block all rows but the class token's beside keys and values, in the first block the gradient of
the input of q, k and v, where nothing below trains. The backward of attention counts four products; recomputing scores is
a choice, not a need. The maps that train (LoRA, bottlenecks) are counted with their weight gradients."""


def lora_step(width, blocks, heads, tokens, patch_inputs, batch, rank=8):
    d, t = width, tokens
    maps = 2 * t * 12 * d * d
    attention = 2 * 2 * t * t * d
    lora = 2 * 2 * t * 2 * rank * d  # q and v, down and up
    patch = 2 * (t - 1) * patch_inputs * d
    plain = patch + blocks * (2 * maps + 3 * attention + 3 * lora)
    needed = plain - 2 * t * 3 * d * d  # first block: no gradient of its input
    last = 2 * (t - 1) * 10 * d * d  # q, proj, fc1 and fc2 of the rows that nobody reads
    needed -= 2 * last + 3 * (2 * 2 * (t - 1) * t * d)
    return {"plain": plain * batch, "needed": needed * batch}


def features(width, blocks, heads, tokens, patch_inputs, batch):
    d, t = width, tokens
    plain = 2 * (t - 1) * patch_inputs * d + blocks * (2 * t * 12 * d * d + 2 * 2 * t * t * d)
    return {"plain": plain * batch, "needed": (plain - 2 * (t - 1) * 10 * d * d - 2 * 2 * (t - 1) * t * d) * batch}
