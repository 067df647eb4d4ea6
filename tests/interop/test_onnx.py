"""recur's ONNX files: sound to python3-onnx's checker, of the same outputs in onnxruntime as in
recur, whole and streamed, and the same model when they come back. What is absent is skipped:
`scripts/setup interop` installs it."""

import functools
import json
import os
import random
import shutil
import subprocess
from array import array
from pathlib import Path

import interop

try:
    import onnx
except ImportError:
    onnx = None
try:
    import torch
except ImportError:
    torch = None

HERE = Path(__file__).resolve().parent
V, T, B = 11, 24, 3
TOLERANCE = 1e-5  # of the largest logit, or of 1
GATES = {"rnn": 1, "gru": 3, "gru-reset-before": 3, "lstm": 4, "ln-lstm": 4, "ln-gru": 3}


def model_tensors(config):
    """Name and shape of every tensor, in the order of recur's table."""
    directions = ["", "_reverse"] if config["bidirectional"] else [""]
    wide = 2 if config["bidirectional"] and config["merge"] == "concat" else 1
    gates = GATES[config["cell"]]
    inputs = config["embedding"] or config["inputs"] or V
    if config["embedding"]:
        yield "embedding.weight", [V, inputs]
    for layer, hidden in enumerate(config["hidden"]):
        for suffix in directions:
            end = f"l{layer}{suffix}"
            yield f"rnn.weight_ih_{end}", [gates * hidden, inputs]
            yield f"rnn.weight_hh_{end}", [gates * hidden, hidden]
            yield f"rnn.bias_ih_{end}", [gates * hidden]
            if config["biases"] == 2:
                yield f"rnn.bias_hh_{end}", [gates * hidden]
            if config["cell"].startswith("ln-"):
                yield f"rnn.gain_ih_{end}", [gates * hidden]
                yield f"rnn.gain_hh_{end}", [gates * hidden]
            if config["cell"] == "ln-lstm":
                yield f"rnn.gain_c_{end}", [hidden]
                yield f"rnn.bias_c_{end}", [hidden]
        inputs = wide * hidden
    if config["vocabulary"]:
        yield "linear.weight", [V, inputs]
        yield "linear.bias", [V]


def make_model(path, config):
    """A model file with random parameters."""
    generator, tensors = random.Random(1), {}
    for name, shape in model_tensors(config):
        count = shape[0] * (shape[1] if len(shape) == 2 else 1)
        values = array("f", (generator.uniform(-0.5, 0.5) for _ in range(count))).tobytes()
        tensors[name] = ("F32", shape, values)
    if config["inputs"]:
        config["vocab"] = False
    vocab = {"reserved": 0, "tokens": ["<unk>", *"abcdefghi\N{SNOWMAN}"], "counts": [0] * V}
    metadata = {
        "format": "recur",
        "recur.version": "1",
        "recur.config": json.dumps(config),
        "recur.text": json.dumps({"tokens": "char", "clean": "none"}),
        "recur.vocab": json.dumps(vocab),
        "recur.history": "[]",
    }
    interop.write_safetensors(path, tensors, metadata)


def standard(**changes):
    config = {
        "cell": "lstm",
        "activation": "tanh",
        "hidden": [9],
        "bidirectional": False,
        "merge": "concat",
        "inputs": 0,
        "embedding": 0,
        "vocabulary": V,
        "biases": 2,
        "dropout": 0.25,
        "init": "uniform",
        "seed": 1,
        "vocab": True,
    }
    return {**config, **changes}


def info(path):
    command = [os.environ["RECUR"], "info", "--json", str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def exported(folder, config):
    model, graph = folder / "model.safetensors", folder / "model.onnx"
    make_model(model, config)
    interop.convert(model, graph)
    return model, graph


def checker(folder, config):
    _, graph = exported(folder, config)
    message = onnx.load(graph)
    try:
        onnx.checker.check_model(message, full_check=True)
    except onnx.checker.ValidationError as problem:
        raise AssertionError(str(problem)) from problem
    for value in [*message.graph.input, *message.graph.output]:
        dims = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        assert "B" in dims, f"{value.name} has no symbolic batch: {dims}"
    onnx.save(message, folder / "again.onnx")
    interop.convert(folder / "again.onnx", folder / "again")


def back(folder, config):
    """The file that comes back holds the same model, bit for bit."""
    model, graph = exported(folder, config)
    interop.convert(graph, folder / "back.safetensors")
    assert info(folder / "back.safetensors") == info(model)
    assert interop.read_safetensors(folder / "back.safetensors") == interop.read_safetensors(model)


def runtime(folder, config, chunks):
    """onnxruntime's logits, the streams fed in so many pieces, are recur's."""
    model, graph = exported(folder, config)
    generator = random.Random(2)
    streams = [[generator.randrange(V) for _ in range(T)] for _ in range(B)]
    text = "\n".join(" ".join(map(str, stream)) for stream in streams)
    command = ["node", str(HERE / "run_onnx.js"), str(graph), str(chunks)]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    got = json.loads(result.stdout)
    width = len(got) // (T * B)
    assert len(got) == T * B * width
    for b, stream in enumerate(streams):
        expected = array("f", interop.logits(model, stream))
        assert len(expected) == T * width
        allowed = TOLERANCE * max(1.0, max(map(abs, expected)))
        for t in range(T):
            for v in range(width):
                difference = abs(got[(t * B + b) * width + v] - expected[t * width + v])
                assert difference <= allowed, f"stream {b}, step {t}: {difference} > {allowed}"


CONFIGS = {
    "rnn": standard(cell="rnn"),
    "rnn relu deep": standard(cell="rnn", activation="relu", hidden=[9, 5]),
    "rnn sigmoid": standard(cell="rnn", activation="sigmoid", biases=1),
    "gru": standard(cell="gru", hidden=[9, 5, 7]),
    "gru embedded": standard(cell="gru", embedding=6),
    "gru-reset-before": standard(cell="gru-reset-before", hidden=[9, 5]),
    "gru-reset-before single biases": standard(cell="gru-reset-before", biases=1),
    "lstm": standard(),
    "lstm deep embedded": standard(hidden=[9, 5, 7], embedding=6),
    "lstm 33 units": standard(hidden=[33]),
    "lstm both directions": standard(bidirectional=True, hidden=[9, 5]),
    "lstm both directions summed": standard(bidirectional=True, merge="sum", hidden=[9, 5]),
    "gru both directions": standard(cell="gru", bidirectional=True, hidden=[9, 5], embedding=4),
    "gru-reset-before both directions": standard(cell="gru-reset-before", bidirectional=True),
    "rnn both directions": standard(cell="rnn", activation="relu", bidirectional=True),
    "lstm of numbers": standard(inputs=V, hidden=[9, 5]),
    "gru of numbers without a head": standard(cell="gru", inputs=V, vocabulary=0),
    "lstm of numbers both directions without a head": standard(
        inputs=V, vocabulary=0, bidirectional=True, hidden=[9, 5]
    ),
    "ln-lstm": standard(cell="ln-lstm"),
    "ln-lstm deep embedded": standard(cell="ln-lstm", hidden=[9, 5], embedding=6),
    "ln-lstm single biases": standard(cell="ln-lstm", biases=1),
    "ln-lstm both directions": standard(cell="ln-lstm", bidirectional=True, hidden=[9, 5]),
    "ln-lstm both directions summed": standard(
        cell="ln-lstm", bidirectional=True, merge="sum", embedding=6
    ),
    "ln-lstm of numbers without a head": standard(
        cell="ln-lstm", inputs=V, vocabulary=0, bidirectional=True, hidden=[9, 5]
    ),
    "ln-gru": standard(cell="ln-gru", hidden=[9, 5]),
    "ln-gru single biases embedded": standard(cell="ln-gru", biases=1, embedding=6),
    "ln-gru of numbers": standard(cell="ln-gru", inputs=V, hidden=[33]),
    "ln-gru both directions": standard(cell="ln-gru", bidirectional=True, hidden=[9, 5]),
    "ln-gru both directions summed": standard(
        cell="ln-gru", bidirectional=True, merge="sum", hidden=[9, 5], embedding=4
    ),
}


def foreign(folder):
    """A graph of PyTorch's exporter is refused, with a word about what is read."""
    path = folder / "foreign.onnx"
    torch.onnx.export(torch.nn.LSTM(V, 9), torch.zeros(T, B, V), str(path), opset_version=14)
    command = [os.environ["RECUR"], "convert", path, folder / "model"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "the state_dict as .safetensors" in result.stderr, result


def cases():
    case = functools.partial
    no_onnx = None if onnx else "python3-onnx is not installed"
    has_runtime = shutil.which("node") and (HERE / "node_modules" / "onnxruntime-node").exists()
    no_runtime = None if has_runtime else "onnxruntime-node is not installed"
    for name, config in CONFIGS.items():
        yield f"back {name}", case(back, config=config), None
        yield f"checker {name}", case(checker, config=config), no_onnx
        yield f"runtime {name}", case(runtime, config=config, chunks=1), no_runtime
        if not config["bidirectional"]:
            yield f"streamed {name}", case(runtime, config=config, chunks=T), no_runtime
    yield "PyTorch's graphs", foreign, None if torch else "PyTorch is not installed"


if __name__ == "__main__":
    interop.run(cases())
