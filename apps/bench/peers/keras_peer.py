"""Keras in the benchmark: one mode per process, asked through JSON lines.

The network, its optimizer and its five augmentation layers are the seed's, written as a Keras user writes them. Where
Keras leaves a choice, the faster one is taken (data that is in memory lies there as ready tensors; pipelines read in
parallel and prefetch), and what costs more memory for speed (a cache) is a mode of its own.
"""

import json
import os
import sys
import time

answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # whatever a library prints goes to stderr

import keras
import numpy as np
import tensorflow as tf
from keras import layers

OPTIONS = json.loads(sys.argv[1])
BATCH = OPTIONS["batchSize"]
CLASSES = OPTIONS["classes"]
SIZE = (OPTIONS["height"], OPTIONS["width"])
AUTOTUNE = tf.data.AUTOTUNE


def augmentation():
    return keras.Sequential([
        layers.RandomFlip("horizontal_and_vertical"),
        layers.RandomRotation(0.25),
        layers.RandomZoom(0.2),
        layers.RandomTranslation(height_factor=0.3, width_factor=0.2),
        layers.RandomContrast(0.2),
    ])


def network(augment=False):
    """Ends in logits; the loss takes them."""
    model = keras.Sequential([
        keras.Input((*SIZE, 3)),
        *([augmentation()] if augment else []),
        layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Dropout(0.2),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(CLASSES),
    ])
    model.compile(
        optimizer=keras.optimizers.RMSprop(0.001, rho=0.9, momentum=0.1, epsilon=1e-7),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile="auto" if OPTIONS["jit"] else False,
    )
    return model


def one_batch():
    """Pictures of noise with their labels, as tensors that are ready."""
    pixels = np.random.default_rng(1).integers(0, 256, (BATCH, *SIZE, 3), "uint8")
    return tf.constant(pixels, "float32"), tf.constant(np.arange(BATCH) % CLASSES, "int32")


def files(cached):
    """The dataset's resized JPEGs; image_dataset_from_directory itself decodes in parallel and prefetches."""
    data = keras.utils.image_dataset_from_directory(
        OPTIONS["pictures"], batch_size=BATCH, image_size=SIZE, shuffle=True, seed=1, verbose=False
    )
    if len(data.class_names) != CLASSES:
        sys.exit(f"the pictures are of {len(data.class_names)} classes, not {CLASSES}")
    if not cached:
        return data
    data = data.cache()
    for _ in data:  # a cache counts once it is full
        pass
    return data.shuffle(len(data)).prefetch(AUTOTUNE)


def timed(step):
    """A turn that times each call of step, which gives the loss or nothing."""

    def turn(count):
        durations = []
        loss = None
        for _ in range(count):
            start = time.perf_counter()
            loss = step()
            durations.append((time.perf_counter() - start) * 1000)
        return durations, loss

    return turn


def loss_of(logs):
    return float(logs[0])


def train_on_batch():
    model, (x, y) = network(), one_batch()
    return timed(lambda: loss_of(model.train_on_batch(x, y)))


def train_fit():
    """fit itself, over a pipeline that costs nothing: the same tensors again and again."""
    model = network()
    data = tf.data.Dataset.from_tensors(one_batch()).repeat()
    ends = []

    class Ends(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            ends.append(time.perf_counter())

    def turn(count):
        ends[:] = [time.perf_counter()]
        history = model.fit(data, steps_per_epoch=count, verbose=0, callbacks=[Ends()])
        return list(np.diff(ends) * 1000), history.history["loss"][-1]

    return turn


def pipeline(cached=False, augment=None):
    """The files and the model they feed; the random layers stand in the model, or are mapped over the data."""
    data, model = files(cached), network(augment=augment == "layers")
    if augment == "mapped":
        layer = augmentation()
        data = data.map(lambda x, y: (layer(x, training=True), y), num_parallel_calls=AUTOTUNE).prefetch(AUTOTUNE)
    return model, data


def steps(**settings):
    """Whole training steps, the pictures' files included. Each turn opens the pipeline anew, as each epoch of fit does,
    so that it lives on no batch that was prepared while others ran."""
    model, data = pipeline(**settings)
    data = data.repeat()

    def turn(count):
        batches = iter(data)
        return timed(lambda: loss_of(model.train_on_batch(*next(batches))))(count)

    return turn


def epochs(**settings):
    model, data = pipeline(**settings)
    return timed(lambda: model.fit(data, epochs=1, verbose=0).history["loss"][-1])


def forward(call):
    """call answers a batch of pictures with probabilities."""
    pictures, _ = one_batch()

    def step():
        np.asarray(call(pictures))

    return timed(step)


def classifier():
    model = keras.Sequential([network(), layers.Softmax()])
    model.compile(jit_compile="auto" if OPTIONS["jit"] else False)
    return model


def predict_on_batch():
    return forward(classifier().predict_on_batch)


def predict_function():
    model = classifier()
    return forward(tf.function(lambda pictures: model(pictures, training=False), jit_compile=OPTIONS["jit"]))


def evaluate():
    """One evaluate over several batches, from a pipeline that costs nothing."""
    model = network()
    data = tf.data.Dataset.from_tensors(one_batch()).repeat(OPTIONS["evaluateBatches"])
    return timed(lambda: loss_of(model.evaluate(data, verbose=0)))


MODES = {
    "train-on-batch": train_on_batch,
    "train-fit": train_fit,
    "predict-on-batch": predict_on_batch,
    "predict-function": predict_function,
    "evaluate": evaluate,
    "augmented": lambda: steps(augment="layers"),
    "augmented-cached": lambda: steps(cached=True, augment="layers"),
    "augmented-mapped": lambda: steps(cached=True, augment="mapped"),
    "epoch": epochs,
    "epoch-cached": lambda: epochs(cached=True),
    "epoch-augmented": lambda: epochs(augment="layers"),
    "epoch-augmented-cached": lambda: epochs(cached=True, augment="layers"),
    "epoch-augmented-mapped": lambda: epochs(cached=True, augment="mapped"),
}


def say(answer):
    answers.write(json.dumps(answer) + "\n")


turn = MODES[OPTIONS["mode"]]()
versions = {"python": sys.version.split()[0], "keras": keras.__version__, "tensorflow": tf.__version__}
say({"ready": True, "versions": versions})
for line in sys.stdin:
    durations, loss = turn(json.loads(line)["count"])
    say({"durationsMs": durations, "loss": loss})
