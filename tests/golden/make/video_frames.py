"""Small clips, and what PyAV makes of their frames.

    python tests/golden/make/video_frames.py      writes tests/golden/clips/ and tests/golden/video_frames.json

video_frames.json: file -> {"frames": how many decoding gives, "rgb": {number: FNV-1a (64 bits) of the RGB bytes},
"bt601": the same, converted as BT.601 limited (yuvj full) whatever the tags say}, the frames not turned. The clips are of kinds on which all FFmpegs from 4 to 8 agree: 8 bits, even heights, 4:2:0.
Needs ffmpeg (made with 5.1) and PyAV (made with 18.1, which obeys the tags of colour).
"""

import json
import pathlib
import subprocess

import av

GOLDEN = pathlib.Path(__file__).resolve().parent.parent
X264 = ["-c:v", "libx264", "-crf", "34", "-g", "12", "-bf", "2", "-preset", "slow"]
CLIPS = {
    "untagged_320.mp4": ("320x240", X264),
    "untagged_322.mp4": ("322x242", X264),
    "bt709_320.mp4": ("320x240", X264 + ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]),
    "bt709_322.mkv": ("322x242", X264 + ["-colorspace", "bt709"]),
    "full_range_320.mp4": ("320x240", X264 + ["-pix_fmt", "yuvj420p", "-color_range", "pc"]),
    "full_range_bt709.webm": ("326x180", ["-c:v", "libvpx-vp9", "-crf", "50", "-b:v", "0", "-colorspace", "bt709",
                                          "-color_range", "pc", "-g", "12"]),
    "mpeg4.avi": ("176x144", ["-c:v", "mpeg4", "-q:v", "12", "-bf", "2", "-g", "12"]),
    "wide_338.ts": ("338x120", X264),
}


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def frames_of(path):
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        full = container.streams.video[0].pix_fmt.startswith("yuvj")
        as_601 = {"src_colorspace": "ITU601", "src_color_range": "JPEG" if full else "MPEG"}
        return [(frame.to_ndarray(format="rgb24").tobytes(), frame.reformat(format="rgb24", **as_601).to_ndarray().tobytes())
                for frame in container.decode(video=0)]


def main():
    folder = GOLDEN / "clips"
    folder.mkdir(exist_ok=True)
    expected = {}
    for name, (size, options) in CLIPS.items():
        if not (folder / name).exists():
            subprocess.run(["ffmpeg", "-y", "-loglevel", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30",
                            "-frames:v", "30", "-pix_fmt", "yuv420p", "-fflags", "+bitexact", "-flags:v", "+bitexact",
                            *options, str(folder / name)], check=True)
        frames = frames_of(folder / name)
        looked_at = (0, 11, 12, 17, len(frames) - 1)
        expected[name] = {"frames": len(frames), "rgb": {str(i): fnv1a(frames[i][0]) for i in looked_at},
                          "bt601": {str(i): fnv1a(frames[i][1]) for i in looked_at[:2]}}
    (GOLDEN / "video_frames.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
