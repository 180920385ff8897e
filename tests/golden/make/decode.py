"""Images of every kind that graft decodes, and what Pillow makes of them.

    python tests/golden/make/decode.py                 writes tests/golden/images/decode/ and tests/golden/decode.json
    python tests/golden/make/decode.py FOLDER COUNT    writes COUNT random ones into FOLDER, for a run against Pillow

decode.json: file -> [width, height, FNV-1a (64 bits) of Image.open(file).convert("RGB").tobytes()].
Needs numpy and Pillow (made with 13.0).
"""

import io
import json
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image

GOLDEN = pathlib.Path(__file__).resolve().parent.parent
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def picture(rng, width, height, channels):
    """Smooth with some noise: noise alone hides what chroma upsampling does. uint8 [height, width, channels]"""
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 100 * np.sin(x / rng.uniform(2, 9) + y / rng.uniform(2, 9) + rng.uniform(0, 6)) for _ in range(channels)]
    return np.clip(np.stack(planes, -1) + rng.normal(0, 9, (height, width, channels)), 0, 255).astype(np.uint8)


def png(rng, width, height, depth, colour, interlaced=False, palette=None, transparency=None):
    """Pillow cannot write most of these, so the chunks are written here."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    channels = CHANNELS[colour]
    samples = picture(rng, width, height, channels).astype(np.uint32)
    if depth == 16:
        samples = samples * 257 if colour != 0 else samples * rng.integers(1, 4)
    else:
        samples >>= 8 - depth

    def rows(block):
        out = b""
        previous = None
        for row in block.reshape(block.shape[0], -1):
            if depth == 16:
                packed = row.astype(">u2").tobytes()
            elif depth == 8:
                packed = row.astype(np.uint8).tobytes()
            else:
                bits = ((row[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8)
                packed = np.packbits(bits.ravel()).tobytes()
            line = np.frombuffer(packed, np.uint8)
            if previous is not None and rng.random() < 0.5:  # filter "up"
                out += b"\2" + (line - previous).tobytes()
            else:
                out += b"\0" + packed
            previous = line
        return out

    if interlaced:
        passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        data = b"".join(rows(p) for p in passes if p.size)
    else:
        data = rows(samples)
    out = b"\x89PNG\r\n\x1a\n"
    out += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced)))
    if palette is not None:
        out += chunk(b"PLTE", palette)
    if transparency is not None:
        out += chunk(b"tRNS", transparency)
    packed = zlib.compress(data)
    half = len(packed) // 2
    return out + chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:]) + chunk(b"IEND", b"")


def random_png(rng, width, height):
    colour = int(rng.choice([0, 2, 3, 4, 6]))
    depth = int(rng.choice({0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}[colour]))
    palette = transparency = None
    if colour == 3:
        size = int(rng.integers(max(1, (1 << depth) // 2), (1 << depth) + 1))
        palette = rng.bytes(3 * size)
        if rng.random() < 0.5:
            transparency = rng.bytes(int(rng.integers(1, size + 1)))
    elif colour in (0, 2) and rng.random() < 0.3:
        transparency = struct.pack(">H", 3) * CHANNELS[colour]
    interlaced = bool(rng.random() < 0.4)
    kind = f"png_{['grey', '', 'rgb', 'palette', 'greyalpha', '', 'rgba'][colour]}{depth}"
    kind += "_interlaced" * interlaced + "_trns" * (transparency is not None)
    return kind, "png", png(rng, width, height, depth, colour, interlaced, palette, transparency)


def saved(image, file_format, **options):
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def random_jpeg(rng, width, height):
    mode = str(rng.choice(["RGB", "RGB", "RGB", "L", "CMYK", "YCCK"]))
    progressive = bool(rng.random() < 0.4)
    options = dict(quality=int(rng.integers(5, 101)), progressive=progressive, optimize=bool(rng.random() < 0.5))
    if rng.random() < 0.3:
        options["restart_marker_blocks"] = int(rng.integers(1, 9))
    channels = {"RGB": 3, "L": 1}.get(mode, 4)
    image = Image.fromarray(picture(rng, width, height, channels).squeeze(-1) if channels == 1 else
                            picture(rng, width, height, channels), mode="CMYK" if channels == 4 else None)
    kind = f"jpeg_{mode.lower()}" + "_progressive" * progressive
    if mode == "RGB":
        sampling = int(rng.integers(0, 3))
        options["subsampling"] = sampling
        kind += ["_444", "_422", "_420"][sampling]
        if sampling == 0 and rng.random() < 0.3:
            options["keep_rgb"] = True
            kind += "_keeprgb"
    data = saved(image, "JPEG", **options)
    if mode == "YCCK":  # the same bytes, declared as YCCK in Adobe's marker
        at = data.index(b"Adobe")
        data = data[:at + 11] + b"\2" + data[at + 12:]
    return kind, "jpg", data


def random_webp(rng, width, height):
    alpha = bool(rng.random() < 0.4)
    lossless = bool(rng.random() < 0.4)
    image = Image.fromarray(picture(rng, width, height, 4 if alpha else 3))
    if rng.random() < 0.15:
        other = Image.fromarray(picture(rng, width, height, 4 if alpha else 3))
        return "webp_animated", "webp", saved(image, "WEBP", save_all=True, append_images=[other], lossless=lossless)
    kind = "webp" + ("_lossless" if lossless else "_lossy") + "_alpha" * alpha
    return kind, "webp", saved(image, "WEBP", lossless=lossless, quality=int(rng.integers(5, 101)), exact=True)


def random_bmp(rng, width, height):
    mode = str(rng.choice(["1", "L", "P", "RGB", "RGBA"]))
    image = Image.fromarray(picture(rng, width, height, 4 if mode == "RGBA" else 3))
    if mode == "P":
        image = image.quantize(int(rng.integers(2, 257)))
    elif mode != "RGBA":
        image = image.convert(mode)
    return f"bmp_{mode.lower()}", "bmp", saved(image, "BMP")


def write(folder, count, side, one_of_a_kind):
    rng = np.random.default_rng(1)
    makers = [random_jpeg, random_png, random_webp, random_bmp]
    kinds = set()
    for i in range(count):
        width, height = (int(v) for v in rng.integers(1, side, 2))
        kind, ending, data = makers[int(rng.integers(len(makers)))](rng, width, height)
        if one_of_a_kind and kind in kinds:
            continue
        kinds.add(kind)
        name = kind if one_of_a_kind else f"{i:05}_{kind}"
        (folder / f"{name}.{ending}").write_bytes(data)


def main():
    if len(sys.argv) == 3:
        folder = pathlib.Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        write(folder, int(sys.argv[2]), 150, one_of_a_kind=False)
        return
    folder = GOLDEN / "images" / "decode"
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, 600, 40, one_of_a_kind=True)
    expected = {}
    for file in sorted(folder.iterdir()):
        image = Image.open(file).convert("RGB")
        expected[file.name] = [*image.size, fnv1a(image.tobytes())]
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in expected.items())
    (GOLDEN / "decode.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
