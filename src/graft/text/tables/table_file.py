"""What the scripts that write character tables share."""
import pathlib
import textwrap

HERE = pathlib.Path(__file__).parent
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def write_items(name, about, made_by, items):
    body = textwrap.fill(" ".join(item + "," for item in items), width=120, break_on_hyphens=False,
                         break_long_words=False)
    (HERE / name).write_text(f"// {about} Made by {made_by}.\n{body}\n")


def ranges(scalars):
    found = []
    for c in scalars:
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return [f"{{{a:#x},{b:#x}}}" for a, b in found]
