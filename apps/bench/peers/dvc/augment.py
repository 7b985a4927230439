"""Of every resized picture itself and random variants: flips, rotation, zoom, translation, contrast."""
import math
import random
import shutil
from multiprocessing import Pool
from pathlib import Path

import yaml
from PIL import Image, ImageEnhance, ImageOps

params = yaml.safe_load(Path("params.yaml").read_text())["augment"]


def matrix(rng: random.Random, width: int, height: int) -> tuple[float, ...]:
    angle = math.radians(rng.uniform(-params["max_degrees"], params["max_degrees"]))
    scale = 1 + rng.uniform(-params["zoom"], params["zoom"])
    x, y = width / 2, height / 2
    dx = rng.uniform(-params["shift"], params["shift"]) * width
    dy = rng.uniform(-params["shift"], params["shift"]) * height
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    return (cos, sin, x - cos * x - sin * y + dx, -sin, cos, y + sin * x - cos * y + dy)


def work(source: Path) -> None:
    folder = Path("generated", source.parts[1])
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / f"{source.stem}_0.jpg")
    image = Image.open(source)
    for variant in range(1, params["images_per_source"]):
        rng = random.Random(f"{params['seed']} {source} {variant}")
        made = ImageOps.mirror(image) if rng.random() < 0.5 else image
        made = made.transform(image.size, Image.Transform.AFFINE, matrix(rng, *image.size), Image.Resampling.BILINEAR)
        made = ImageEnhance.Contrast(made).enhance(1 + rng.uniform(-params["contrast"], params["contrast"]))
        made.save(folder / f"{source.stem}_{variant}.jpg", quality=90)


if __name__ == "__main__":
    sources = sorted(Path("resized").glob("*/*.jpg"))
    with Pool() as pool:
        pool.map(work, sources, chunksize=8)
    print("made", len(sources) * params["images_per_source"])
