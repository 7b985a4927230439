"""Every picture of images/ at one size, as JPEG."""
from multiprocessing import Pool
from pathlib import Path

import yaml
from PIL import Image

params = yaml.safe_load(Path("params.yaml").read_text())["resize"]


def work(source: Path) -> None:
    target = Path("resized", *source.parts[1:])
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as image:
        image.draft("RGB", (params["width"], params["height"]))
        resized = image.convert("RGB").resize((params["width"], params["height"]), Image.Resampling.LANCZOS)
    resized.save(target, quality=params["quality"])


if __name__ == "__main__":
    sources = sorted(Path("images").glob("*/*.jpg"))
    with Pool() as pool:
        pool.map(work, sources, chunksize=8)
    print("made", len(sources))
