"""The whole way in one go: makes an application in ./demo, gives it jobs, works them, and checks what came out.

Each command is shown before it is run, so that it can be typed again. It writes nowhere but into its folder, which
it makes anew, and it never wipes a folder that it did not make.
"""

import argparse
import difflib
import json
import os
import shlex
import shutil
import struct
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
MARK = ".made-by-make-demo"
EPISODE = 30 * 60.0
"""Seconds of sound in the long recording."""

PODCASTS = {
    1: (7.1, -40.0),
    2: (7.1, -50.0),
    **{3 + number: (EPISODE, -60.0 + 10 * number) for number in range(4)},
}
"""What upload.py dispatches: for each id the seconds of sound, and the level of silence."""

PATIENCE = 60.0
"""Seconds for which a slow machine is waited for."""

SAMPLE = {"sample_rate": 16000, "channels": 1, "peak_dbfs": -7.49, "rms_dbfs": -24.41}
"""What the sample measures; the episode, which repeats it, is as loud."""


class Demo:
    """Run commands in the demo's folder, each shown first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = Path(os.path.relpath(ROOT, folder)) if folder.parent == ROOT else ROOT
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._env = {name: value for name, value in os.environ.items() if not name.startswith(("QUEUE_", "DARTIAN_"))}
        self._env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"

    def step(self, title: str) -> None:
        """Say what comes next."""
        print(self._styled("1", f"\n{title}\n"), flush=True)

    def run(self, *command: str | Path, inside: bool = True, **env: str) -> None:
        """Run a command in the folder, or beside it; the demo ends where it fails."""
        words = [str(word) for word in command]
        shown = " ".join([*(f"{name}={value}" for name, value in env.items()), shlex.join(words)])
        print(self._styled("36", f"$ {shown}"), flush=True)
        cwd = self.folder if inside else self.folder.parent
        ended = subprocess.run(words, cwd=cwd, env=self._env | env, check=False)
        if ended.returncode:
            fail(f"`{shown}` ended with {ended.returncode}")

    def facts(self, *command: str) -> Any:  # whatever JSON holds
        """Return what a command says with --json, without showing it."""
        ended = subprocess.run(
            [*command, "--json"], cwd=self.folder, env=self._env, check=False, stdout=subprocess.PIPE, text=True
        )
        if ended.returncode:
            fail(f"`{shlex.join(command)} --json` ended with {ended.returncode}")
        return json.loads(ended.stdout)

    def show_diff(self, path: str, before: str, after: str) -> None:
        """Print what changed in a file."""
        colours = {"+": "32", "-": "31", "@": "36"}
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), path, path, lineterm="", n=1):
            print(self._styled(colours.get(line[0], "2"), line))
        print(flush=True)

    def _styled(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def main() -> int:
    """Run the demo; 0 when everything came out as it should."""
    parser = argparse.ArgumentParser(description="Make an application, give it jobs, and work them.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "demo", help="made anew; ./demo unless given")
    began = time.monotonic()
    demo = Demo(parser.parse_args().folder.absolute())
    wipe(demo.folder)
    generate(demo)
    write_jobs(demo)
    dispatch_and_work(demo)
    complaints = list(check(demo))
    for complaint in complaints:
        print(f"demo: {complaint}", file=sys.stderr)
    if complaints:
        return 1
    conclude(demo, time.monotonic() - began)
    return 0


def wipe(folder: Path) -> None:
    """Remove what an earlier run made, and nothing that somebody else did."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        fail(f"{folder} is no folder of the demo's; move it away, or name another one")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        fail(f"{folder} was not made by the demo; move it away, or name another one: python examples/demo.py FOLDER")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)


def generate(demo: Demo) -> None:
    """Make the application and its two jobs, as a person begins."""
    demo.step("1. An application, and two jobs in it")
    try:
        demo.run("dartian", "new", demo.folder.name, inside=False)
    finally:
        if demo.folder.is_dir():
            (demo.folder / MARK).write_text("This folder is made anew by `make demo`.\n")
    print(f"$ cd {demo.folder.name}")
    fields = ["podcast_id:int", "recording:Path", "silence:float=-40.0", "output:Path=public"]
    options = ["--queue", "media", "--tries", "3", "--timeout", "120", "--sync"]
    demo.run("dartian", "make:job", "ProcessPodcast", *fields, *options)
    fields = ["podcast_ids:list[int]", "output:Path=public"]
    demo.run("dartian", "make:job", "PublishPodcasts", *fields, "--tries", "5", "--backoff", "3")


def write_jobs(demo: Demo) -> None:
    """Put the example's code where a person would now write their own."""
    demo.step("2. What the jobs do: you would write it; the demo copies the example's code")
    job = Path("app/jobs/process_podcast.py")
    before = (demo.folder / job).read_text()
    demo.run(
        "cp", *(demo.source / "app/jobs" / name for name in ("process_podcast.py", "publish_podcasts.py")), "app/jobs/"
    )
    demo.run(
        "cp", *(demo.source / "app" / f"{name}.py" for name in ("files", "loudness", "recording", "waveform")), "app/"
    )
    demo.show_diff(str(job), before, (demo.folder / job).read_text())
    demo.run("cp", "-r", demo.source / "app/recordings", "recordings")
    demo.run("cp", demo.source / "examples/upload.py", "upload.py")
    sample = demo.folder / "recordings/sense-and-sensibility.wav"
    make_episode(sample, demo.folder / "recordings/episode.wav")
    print("(and recordings/episode.wav: half an hour, the sample over and over)")
    demo.run("dartian", "job:list")


def make_episode(sample: Path, episode: Path) -> None:
    """Repeat the sample until it is as long as an episode."""
    with wave.open(str(sample)) as source, wave.open(str(episode), "wb") as target:
        target.setparams(source.getparams())
        sound = source.readframes(source.getnframes())
        for _ in range(round(EPISODE * source.getframerate() / source.getnframes())):
            target.writeframes(sound)


def dispatch_and_work(demo: Demo) -> None:
    """Put seven jobs on the queue from a script, and let a worker run them."""
    demo.step("3. Seven jobs, from a script (without its private worker: one comes below)")
    demo.run("cat", "upload.py")
    demo.run("python", "upload.py", QUEUE_COMPANION="0")
    demo.run("dartian", "queue:status")
    demo.step("4. A worker, for six seconds; one job is delayed, one fails and is retried")
    demo.run("dartian", "queue:work", "--max-time", "6")
    patience = time.monotonic() + PATIENCE
    while counts(demo)["waiting"] and time.monotonic() < patience:
        demo.run("sleep", "2")
        demo.run("dartian", "queue:work", "--stop-when-empty")
    demo.run("dartian", "queue:status")


def counts(demo: Demo) -> dict[str, int]:
    """Return how many jobs are in each state."""
    total: dict[str, int] = demo.facts("dartian", "queue:status")["total"]
    return total | {"waiting": total["ready"] + total["scheduled"] + total["held"] + total["running"]}


def check(demo: Demo) -> Iterator[str]:
    """Yield what is not as it should be."""
    public = demo.folder / "public"
    for podcast_id, (duration, threshold) in PODCASTS.items():
        facts_file, picture = public / f"{podcast_id}.json", public / f"{podcast_id}.png"
        if not facts_file.is_file() or not picture.is_file():
            yield f"public/{podcast_id}.json or .png is missing"
            continue
        facts = json.loads(facts_file.read_text())
        if abs(facts["duration"] - duration) > 7.1 / 2:
            yield f"podcast {podcast_id} lasts {facts['duration']} s, not {duration}"
        if facts["silence"]["threshold_dbfs"] != threshold:
            yield f"podcast {podcast_id} was measured with {facts['silence']}, not below {threshold} dBFS"
        for name, expected in SAMPLE.items():
            if abs(facts[name] - expected) > 0.02:
                yield f"podcast {podcast_id}: {name} is {facts[name]}, not {expected}"
        if (size := png_size(picture)) != (1600, 520):
            yield f"public/{podcast_id}.png is no picture of 1600 x 520, but {size}"
    page = public / "index.html"
    if not page.is_file() or page.read_text().count("<img ") != len(PODCASTS):
        yield "public/index.html does not show the podcasts"
    elif "on try 1" in page.read_text():
        yield "PublishPodcasts was meant to fail at first, and did not"
    if (done := counts(demo)["done"]) != len(PODCASTS) + 1:
        yield f"{done} of {len(PODCASTS) + 1} jobs are done: dartian queue:status, dartian queue:failed"


def png_size(path: Path) -> tuple[int, int] | None:
    """Return a PNG's width and height; None if it is none."""
    head = path.read_bytes()[:24]
    if len(head) < 24 or not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    width, height = struct.unpack(">II", head[16:])
    return width, height


def conclude(demo: Demo, seconds: float) -> None:
    """Say what happened, where it is, and what to try next."""
    public = demo.folder / "public"
    shown = public.relative_to(ROOT) if public.is_relative_to(ROOT) else public
    demo.step(f"Done in {seconds:.0f} s. What happened, and what to try next")
    print(
        f"Six recordings were measured: one of them after its delay, four of them half\n"
        f"an hour long. The page that lists them failed while they were missing, was\n"
        f"tried again, and succeeded.\n\n"
        f"  {shown}/index.html   the page: open it in a browser\n"
        f"  {shown}/1.png        a waveform; 2 to 6 beside it\n"
        f"  {shown}/1.json       duration, loudness, silence, clipping\n\n"
        f"Try next, in {demo.folder.name}/, after `. {venv_shown(demo)}/bin/activate`:\n\n"
        f"  dartian make:job SendWelcome email:str\n"
        f"  dartian job:run ProcessPodcast podcast_id=7 recording=recordings/episode.wav\n"
        f"  dartian job:dispatch ProcessPodcast podcast_id=8 recording=upload.py\n"
        f"  dartian queue:work --stop-when-empty\n"
        f"  dartian queue:failed\n"
    )


def venv_shown(demo: Demo) -> Path:
    """Return the virtual environment's folder, as short as it can be typed in the demo's folder."""
    prefix = Path(sys.prefix)
    return demo.source / prefix.relative_to(ROOT) if prefix.is_relative_to(ROOT) else prefix


def fail(complaint: str) -> NoReturn:
    """End the demo."""
    print(f"demo: {complaint}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
