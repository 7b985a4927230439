"""Of every class the pictures as float32 in [0, 1], one .npy file."""
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image


def work(folder: Path) -> int:
    pictures = [np.asarray(Image.open(path), dtype=np.float32) / 255 for path in sorted(folder.glob("*.jpg"))]
    np.save(Path("normalized", f"{folder.name}.npy"), np.stack(pictures))
    return len(pictures)


if __name__ == "__main__":
    Path("normalized").mkdir(exist_ok=True)
    with Pool() as pool:
        print("made", sum(pool.map(work, sorted(Path("generated").iterdir()))))
