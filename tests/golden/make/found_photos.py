"""Photos that hold more than their pixels: orientation tags wherever Pillow looks for them, and damage that it passes over.

    python tests/golden/make/found_photos.py    writes tests/golden/images/found/ and tests/golden/found_photos.json

found_photos.json: file -> {"orientation": 1 to 8, "kept": FNV-1a (64 bits) of Image.open(file).convert("RGB").tobytes(),
"turned": [width, height, the same of ImageOps.exif_transpose(...)], "damaged": whether libjpeg has something to warn of},
or {"refused": true} where Pillow raises.
Needs numpy and Pillow (made with 13.0).
"""

import io
import json
import pathlib
import struct

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from decode import GOLDEN, fnv1a, picture

OUT = GOLDEN / "images" / "found"
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description {}</x:xmpmeta>'


def tiff(orientation, endian="<", kind=3, before=()):
    """A directory with the tag, after others."""
    head = (b"II" if endian == "<" else b"MM") + struct.pack(endian + "HI", 42, 8)
    entries = [struct.pack(endian + "HHII", tag, 4, 1, 7) for tag in before]
    value = struct.pack(endian + ("HH" if kind == 3 else "I"), *((orientation, 0) if kind == 3 else (orientation,)))
    entries.append(struct.pack(endian + "HHI", 0x0112, kind, 1) + value)
    return head + struct.pack(endian + "H", len(entries)) + b"".join(entries) + struct.pack(endian + "I", 0)


def segment(data):
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data


def write(name, data):
    (OUT / name).write_bytes(data)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    image = Image.fromarray(picture(rng, 13, 9, 3))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    jpeg = buffer.getvalue()

    def tagged(*segments):
        return jpeg[:2] + b"".join(segments) + jpeg[2:]

    exif = b"Exif\0\0"
    for value in range(1, 9):
        write(f"exif_{value}.jpg", tagged(segment(exif + tiff(value))))
    write("exif_big_endian.jpg", tagged(segment(exif + tiff(6, ">", before=(0x010F, 0x0110)))))
    write("exif_long.jpg", tagged(segment(exif + tiff(8, kind=4))))
    write("exif_9.jpg", tagged(segment(exif + tiff(9))))
    write("exif_twice_marked.jpg", tagged(segment(exif + exif + tiff(3))))
    whole = tiff(6, before=(0x010F, 0x0110))
    write("exif_in_two_segments.jpg", tagged(segment(exif + whole[:30]), segment(exif + whole[30:])))
    adobe = b"http://ns.adobe.com/xap/1.0/\0"
    write("xmp_attribute.jpg", tagged(segment(adobe + XMP.format('tiff:Orientation="6"/>').encode())))
    write("xmp_element.jpg", tagged(segment(adobe + XMP.format("><tiff:Orientation>8</tiff:Orientation>").encode())))
    write("exif_before_xmp.jpg",
          tagged(segment(exif + tiff(3)), segment(adobe + XMP.format('tiff:Orientation="6"/>').encode())))
    for value, kind in ((6, "PNG"), (8, "WEBP")):
        buffer = io.BytesIO()
        image.save(buffer, kind, exif=tiff(value), **({"lossless": True} if kind == "WEBP" else {}))
        write(f"exif_{value}.{kind.lower()}", buffer.getvalue())
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", XMP.format('tiff:Orientation="5"/>'))
    image.save(OUT / "xmp.png", pnginfo=texts)
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Raw profile type exif", f"\nexif\n{len(exif + tiff(7)):8}\n{(exif + tiff(7)).hex()}\n")
    image.save(OUT / "raw_profile.png", pnginfo=texts)

    big = Image.fromarray(picture(rng, 48, 48, 3))
    buffer = io.BytesIO()
    big.save(buffer, "JPEG", quality=90)
    data = buffer.getvalue()
    write("damaged_cut_with_end.jpg", data[: len(data) * 2 // 3] + b"\xff\xd9")
    middle = bytearray(data)
    at = len(data) * 2 // 3
    middle[at : at + 24] = bytes(range(24))
    write("damaged_middle.jpg", bytes(middle))
    write("trailing.jpg", data + b"trailing garbage")
    buffer = io.BytesIO()
    big.save(buffer, "JPEG", quality=90, progressive=True)
    data = buffer.getvalue()
    write("damaged_progressive.jpg", data[: len(data) * 2 // 3] + b"\xff\xd9")

    rows = {}
    for path in sorted(OUT.iterdir()):
        try:
            kept = Image.open(path).convert("RGB")
        except OSError:
            rows[path.name] = {"refused": True}
            continue
        upright = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        orientation = Image.open(path).getexif().get(0x0112, 1)
        rows[path.name] = {
            "orientation": orientation if 1 <= orientation <= 8 else 1,
            "kept": fnv1a(kept.tobytes()),
            "turned": [upright.width, upright.height, fnv1a(upright.tobytes())],
            "damaged": path.name.startswith("damaged"),
        }
    (GOLDEN / "found_photos.json").write_text(json.dumps(rows, indent=0) + "\n")


if __name__ == "__main__":
    main()
