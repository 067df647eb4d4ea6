"""Model files of any shape, written without recur and as small as they can be: for what a stranger
may send. Their numbers are a few that repeat."""

import json
import random
import struct

GATES = {"rnn": 1, "gru": 3, "gru-reset-before": 3, "lstm": 4, "ln-lstm": 4, "ln-gru": 3}


def dumps(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def tokens(count, kind):
    if kind == "word":
        return ["<unk>"] + [f"w{i:x}" for i in range(1, count)]
    usual = list("_ \nabcdefghijklmnopqrstuvwxyz.")
    return (["<unk>"] + usual + [chr(0x4E00 + i) for i in range(count)])[:count]


def vocabulary(entries):
    return dumps({"reserved": 0, "tokens": entries, "counts": [1] * len(entries)})


def layers(prefix, shape, width, hidden, directions, apart=False):
    """The tensors of recurrent layers over `width` numbers."""
    for i, units in enumerate(hidden):
        for suffix in ["", "_reverse"][:directions]:
            name = f"{prefix}rnn.%s_l{i}{suffix}"
            gates = GATES[shape["cell"]] * units
            yield name % "weight_ih", [gates, width]
            yield name % "weight_hh", [gates, units]
            yield name % "bias_ih", [gates]
            if shape["cell"].startswith("ln-"):
                yield name % "gain_ih", [gates]
                yield name % "gain_hh", [gates]
            if shape["cell"] == "ln-lstm":
                yield name % "gain_c", [units]
                yield name % "bias_c", [units]
        width = units * (1 if apart else directions)


def tensors(shape, hidden, directions):
    task, labels, embedding = shape["task"], shape.get("labels"), shape["embedding"]
    width = embedding or shape["vocabulary"]
    if embedding:
        yield "embedding.weight", [shape["vocabulary"], embedding]
    if task == "tag":
        width += 7  # the cases of a word
    yield from layers("", shape, width, hidden, directions, task == "fill")
    outputs = labels or shape["vocabulary"]
    yield "linear.weight", [outputs, hidden[-1] * directions]
    yield "linear.bias", [outputs]
    if shape.get("decoder") == "crf":
        yield "crf.start_transitions", [outputs]
        yield "crf.end_transitions", [outputs]
        yield "crf.transitions", [outputs, outputs]


def write(path, task="lm", hidden=(1,), count=31, kind="char", both=False, **more):
    """A model with `count` tokens; `more` is what its configuration says beside that."""
    shape = {
        **{"task": task, "cell": "lstm", "activation": "tanh", "hidden": list(hidden)},
        **{"embedding": 0, "vocabulary": count, "biases": 1, "dropout": 0.0, "init": "uniform"},
        **{"seed": 1, "vocab": True, "bidirectional": both},
        **more,
    }
    metadata = {
        **{"format": "recur", "recur.version": "1", "recur.config": dumps(shape)},
        **{"recur.text": dumps({"tokens": kind, "clean": "none"}), "recur.history": "[]"},
        "recur.vocab": vocabulary(tokens(count, kind)),
    }
    if "labels" in shape:
        names = [f"l{i:x}" for i in range(shape["labels"])]
        metadata["recur.labels"] = vocabulary(["<unk>", *names])
    header, at = {"__metadata__": metadata}, 0
    for name, sizes in tensors(shape, hidden, 2 if both else 1):
        numbers = sizes[0] * (sizes[1] if len(sizes) > 1 else 1)
        header[name] = {"dtype": "F32", "shape": sizes, "data_offsets": [at, at + 4 * numbers]}
        at += 4 * numbers
    text = dumps(header).encode()
    text += b" " * (-len(text) % 8)
    draws = random.Random(1)
    some = struct.pack("<1024f", *(draws.uniform(-0.5, 0.5) for _ in range(1024)))
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.write((some * (at // len(some) + 1))[:at])
