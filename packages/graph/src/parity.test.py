# The reference of parity.test.ts: the same models in Keras, trained on the same batches from the same weights.
# ARGS: a list of cases. RESULT: for each, the losses and the weights after the last step, in the order of the case.
import re

import keras
import numpy as np

IGNORED = {
    "data_format", "kernel_initializer", "bias_initializer", "kernel_constraint", "bias_constraint", "name",
    "depthwise_initializer", "depthwise_constraint", "pointwise_initializer", "pointwise_constraint", "dtype",
    "beta_initializer", "gamma_initializer", "moving_mean_initializer", "moving_variance_initializer",
    "beta_constraint", "gamma_constraint", "activity_regularizer", "batch_input_shape", "input_dtype", "trainable",
    "noise_shape", "seed", "rank", "sparse", "ragged",
}
RENAMED = {("LeakyReLU", "alpha"): "negative_slope", ("Concatenate", "axis"): "axis"}


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: "_" + m.group(1).lower(), name)


def option(key, value):
    if key.endswith("_regularizer") and value is not None:
        return keras.regularizers.L1L2(**value["config"])
    return value


def make_layer(call):
    kind = call["className"]
    if kind == "ELU":
        return keras.layers.ELU()
    options = {}
    for key, value in call["config"].items():
        key = snake(key)
        if key in IGNORED or value is None:
            continue
        if (kind, key) in RENAMED:
            key = RENAMED[(kind, key)]
        options[key] = option(key, value)
    layer = getattr(keras.layers, kind)(**options)
    layer.trainable = call["trainable"]
    return layer


def build(case):
    """The Keras model and its variables in the order of the case's weights."""
    description = case["model"]
    source = keras.Input(description["inputShape"])
    layers, outputs, order = {}, [], {}
    for call in description["calls"]:
        inputs = [source if index == -1 else outputs[index] for index in call["inputs"]]
        if call["className"] == "InputLayer":
            outputs.append(source)
            continue
        layer = layers.get(call["name"])
        if layer is None:
            layer = layers[call["name"]] = make_layer(call)
        outputs.append(layer(inputs if len(inputs) > 1 else inputs[0]))
        for role, index in call["weights"].items():
            attribute = {"depthwise_kernel": "kernel"}.get(role, role) if call["className"] == "DepthwiseConv2D" else role
            order[index] = getattr(layer, attribute)
    model = keras.Model(source, outputs[-1])
    return model, [order[index] for index in range(len(order))]


def make_optimizer(case):
    options = {snake(key): value for key, value in case["optimizer"].items() if key != "name"}
    options = {{"beta1": "beta_1", "beta2": "beta_2"}.get(key, key): value for key, value in options.items()}
    kind = {"sgd": "SGD", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}[case["optimizer"]["name"]]
    return getattr(keras.optimizers, kind)(global_clipnorm=case.get("globalClipNorm"), **options)


def make_loss(case):
    smoothing = case.get("labelSmoothing", 0)
    if case.get("loss") == "categoricalCrossentropy" or smoothing > 0:
        return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    return keras.losses.SparseCategoricalCrossentropy()


def make_labels(case, labels):
    classes = case["classes"]
    if case.get("loss") == "categoricalCrossentropy":
        return np.array(labels, np.float32).reshape(-1, classes)
    labels = np.array(labels, np.int32)
    return np.eye(classes, dtype=np.float32)[labels] if case.get("labelSmoothing", 0) > 0 else labels


def run(case):
    keras.backend.clear_session()
    model, variables = build(case)
    for variable, values in zip(variables, case["weights"]):
        variable.assign(np.array(values, np.float32).reshape(variable.shape))
    # jit_compile: XLA rounds otherwise than the kernels under test
    model.compile(optimizer=make_optimizer(case), loss=make_loss(case), jit_compile=False)
    weights = case.get("classWeights")
    class_weight = None if weights is None else dict(enumerate(weights))
    losses = []
    for batch in case["batches"]:
        images = np.array(batch["images"], np.float32).reshape([-1] + case["model"]["inputShape"])
        labels = make_labels(case, batch["labels"])
        if "learningRate" in batch:
            model.optimizer.learning_rate.assign(batch["learningRate"])
        losses.append(float(model.train_on_batch(images, labels, class_weight=class_weight)))
        model.reset_metrics()
    images = np.array(case["batches"][0]["images"], np.float32).reshape([-1] + case["model"]["inputShape"])
    return {
        "losses": losses,
        "weights": [np.array(variable).ravel() for variable in variables],
        "probabilities": np.array(model(images, training=False)).ravel(),
    }


RESULT = [run(case) for case in ARGS]
