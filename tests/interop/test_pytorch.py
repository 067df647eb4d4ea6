"""PyTorch's models in recur and recur's in PyTorch: equal outputs. Needs PyTorch (Debian:
python3-torch); without it every case is skipped."""

import functools
import os
import subprocess

import interop

try:
    import torch
    from torch import nn
    from torch.nn.functional import one_hot
except ImportError:
    torch = None

V, T = 11, 40
TOLERANCE = 1e-5  # of the largest logit, or of 1
DTYPES = {"F64": "float64", "F32": "float32", "BF16": "bfloat16", "F16": "float16"}


def bytes_of(tensor):
    flat = tensor.detach().contiguous()
    words = {2: "int16", 4: "int32", 8: "int64"}[flat.element_size()]
    return flat.view(getattr(torch, words)).numpy().tobytes()


def save(path, state, dtype="F32", metadata=None):
    kind = getattr(torch, DTYPES[dtype])
    converted = {name: value.detach().to(kind) for name, value in state.items()}
    interop.write_safetensors(
        path,
        {name: (dtype, value.shape, bytes_of(value)) for name, value in converted.items()},
        metadata,
    )


def save_model(path, module):
    """As safetensors.torch.save_model: of tensors that are one the first name stays, and the
    metadata map the others to it."""
    state, names, metadata = {}, {}, {}
    for name, value in sorted(module.state_dict().items()):
        first = names.setdefault(value.data_ptr(), name)
        if first == name:
            state[name] = value
        else:
            metadata[name] = first
    save(path, state, metadata=metadata)
    return metadata


def load(path):
    return {
        name: torch.frombuffer(bytearray(data), dtype=getattr(torch, DTYPES[dtype])).reshape(shape)
        for name, (dtype, shape, data) in interop.read_safetensors(path).items()
    }


def recurrent(cell, inputs, hidden, layers, **options):
    kinds = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
    return kinds[cell](inputs, hidden, layers, **options)


def concise(cell, layers=1, **options):
    """The D2L book's RNNModel: one-hot vectors in, `linear` out."""
    module = nn.Module()
    module.rnn = recurrent(cell, V, 9, layers, **options)
    module.linear = nn.Linear(18 if options.get("bidirectional") else 9, V)
    module.input = lambda ids: one_hot(ids, V).float()
    module.output = lambda y: module.linear(y)
    return module


def rnnlm(cell, layers=1, **options):
    """The same since the book's edition 1.0, its RNNLM: the nn.RNN lies one module deeper."""
    module, inner = concise(cell, layers, **options), nn.Module()
    inner.rnn, outer = module.rnn, nn.Module()
    inner.forward = inner.rnn.forward
    outer.rnn, outer.linear = inner, module.linear
    outer.input, outer.output = module.input, module.output
    return outer


def word_lm(cell, layers=2, embed=6, hidden=9, tied=False, **options):
    """pytorch/examples' RNNModel."""
    module = nn.Module()
    module.encoder = nn.Embedding(V, embed)
    module.rnn = recurrent(cell, embed, hidden, layers, **options)
    module.decoder = nn.Linear(hidden, V)
    if tied:
        module.decoder.weight = module.encoder.weight
    module.input = lambda ids: module.encoder(ids)
    module.output = lambda y: module.decoder(y)
    return module


def sequences(cell, layers=1, outputs=5, **options):
    """Numbers in, numbers out; recur is fed the same one-hot vectors, of numbers (logits.c)."""
    module = concise(cell, layers, **options)
    module.linear = nn.Linear(module.linear.in_features, outputs)
    return module


def ids():
    return torch.randint(V, (T,), generator=torch.Generator().manual_seed(7))


def outputs(module):
    with torch.no_grad():
        return module.output(module.rnn(module.input(ids().unsqueeze(1)))[0]).squeeze(1)


def assert_equal(model, expected):
    raw = bytearray(interop.logits(model, ids().tolist()))
    got = torch.frombuffer(raw, dtype=torch.float32).reshape(T, -1)
    assert got.shape == expected.shape, f"{got.shape}, expected {expected.shape}"
    difference = (got - expected).abs().max().item()
    allowed = TOLERANCE * max(1.0, expected.abs().max().item())
    assert difference <= allowed, f"logits differ by {difference}, allowed {allowed}"


def train(module):
    """A few steps, so that no weight is what initialisation made it."""
    torch.manual_seed(3)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.05)
    for _ in range(5):
        x = torch.randint(V, (8, 4))
        y = module.output(module.rnn(module.input(x))[0])
        loss = nn.functional.cross_entropy(y.reshape(-1, V), (x.reshape(-1) + 1) % V)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def activation_of(cell, options):
    return ["--activation", options.get("nonlinearity", "tanh")] if cell == "rnn" else []


def there(folder, make, cell, prefix="", dtype="F32", drop=(), **options):
    """A model trained in PyTorch gives the same logits in recur."""
    torch.manual_seed(1)
    module = make(cell, **options)
    train(module)
    if dtype != "F64":
        module.to(getattr(torch, DTYPES[dtype])).float()
    state = {prefix + name: value for name, value in module.state_dict().items() if name not in drop}
    save(folder / "in.safetensors", state, dtype)
    interop.convert(*activation_of(cell, options), folder / "in.safetensors", folder / "out")
    assert_equal(folder / "out", outputs(module))
    if make is concise:
        interop.convert("--to", "pytorch", folder / "out", folder / "again")
        again = make(cell, **{**options, "bias": True})
        again.load_state_dict(load(folder / "again"), strict=True)
        assert torch.allclose(outputs(again), outputs(module), rtol=0, atol=TOLERANCE)


def back(folder, make, cell, form, arguments, **options):
    """A model trained by recur gives the same logits in PyTorch's module."""
    text = folder / "text"
    text.write_text("abcdefghij" * 200)
    model, exported = folder / "model", folder / "state.safetensors"
    command = [os.environ["RECUR"], "train", text, "--quiet", "-o", model, "--cell", cell]
    command += ["--hidden", "9", "--epochs", "2", *arguments]
    trained = subprocess.run(command, capture_output=True, text=True, check=False)
    assert trained.returncode == 0, trained.stderr
    interop.convert("--to", form, model, exported)
    module = make(cell, **options)
    module.load_state_dict(load(exported), strict=True)
    assert_equal(model, outputs(module))
    interop.convert(*activation_of(cell, options), exported, folder / "again")
    assert_equal(folder / "again", outputs(module))


def numbers(folder, cell, **options):
    """A model that reads numbers, which its file does not say, there and back."""
    torch.manual_seed(1)
    module = sequences(cell, **options)
    save(folder / "in.safetensors", module.state_dict())
    said = ["--inputs", V, *activation_of(cell, options)]
    interop.convert(*said, folder / "in.safetensors", folder / "out")
    assert_equal(folder / "out", outputs(module))
    interop.convert("--to", "pytorch", folder / "out", folder / "again")
    sequences(cell, **options).load_state_dict(load(folder / "again"), strict=True)


def layers_of_numbers(folder, cell, **options):
    """Recurrent layers alone, which read numbers: their own outputs."""
    torch.manual_seed(1)
    module = recurrent(cell, V, 9, 2, **options)
    save(folder / "in.safetensors", module.state_dict())
    interop.convert("--inputs", V, folder / "in.safetensors", folder / "out")
    with torch.no_grad():
        expected = module(one_hot(ids(), V).float().unsqueeze(1))[0].squeeze(1)
    assert_equal(folder / "out", expected)
    interop.convert("--to", "pytorch-bare", folder / "out", folder / "again")
    recurrent(cell, V, 9, 2, **options).load_state_dict(load(folder / "again"), strict=True)


def tied(folder, embed, head):
    """Tied weights, with the names of the modules in either order and with or without a bias."""
    torch.manual_seed(1)
    module = word_lm("lstm", embed=9, tied=True)
    if not head:
        module.decoder = nn.Linear(9, V, bias=False)
        module.decoder.weight = module.encoder.weight
    train(module)
    named = nn.Module()
    setattr(named, embed, module.encoder)
    setattr(named, head or "lm_head", module.decoder)
    named.rnn = module.rnn
    assert len(save_model(folder / "in.safetensors", named)) == 1
    interop.convert(folder / "in.safetensors", folder / "out")
    assert_equal(folder / "out", outputs(module))


def bare(folder, cell, layers):
    """Recurrent layers alone: the tensors come back, and nothing else."""
    torch.manual_seed(1)
    module = recurrent(cell, V, 9, layers)
    save(folder / "in.safetensors", module.state_dict())
    said = interop.convert(*activation_of(cell, {}), folder / "in.safetensors", folder / "model")
    assert "has no output layer" in said.stderr, said.stderr
    interop.convert("--to", "pytorch-bare", folder / "model", folder / "back")
    for name, value in load(folder / "back").items():
        assert torch.equal(value, module.state_dict()[name]), name
    recurrent(cell, V, 9, layers).load_state_dict(load(folder / "back"), strict=True)


def book(folder, cell):
    """The D2L book's networks from scratch, [in, out]."""
    generator = torch.Generator().manual_seed(5)
    gates = {"rnn": "h", "gru": "zrh", "lstm": "ifoc"}[cell]
    p = {}
    for g in gates:
        p[f"W_x{g}"] = torch.randn(V, 9, generator=generator) * 0.3
        p[f"W_h{g}"] = torch.randn(9, 9, generator=generator) * 0.3
        p[f"b_{g}"] = torch.randn(9, generator=generator) * 0.3
    p["W_hq"] = torch.randn(9, V, generator=generator)
    p["b_q"] = torch.randn(V, generator=generator)
    prefixed = {name if name.endswith("q") else "rnn." + name: value for name, value in p.items()}
    save(folder / "in.safetensors", prefixed)
    interop.convert(folder / "in.safetensors", folder / "out")
    H, C, expected = torch.zeros(9), torch.zeros(9), []
    for X in one_hot(ids(), V).float():
        pre = {g: X @ p[f"W_x{g}"] + p[f"b_{g}"] for g in gates}
        if cell == "rnn":
            H = torch.tanh(pre["h"] + H @ p["W_hh"])
        elif cell == "gru":
            Z = torch.sigmoid(pre["z"] + H @ p["W_hz"])
            R = torch.sigmoid(pre["r"] + H @ p["W_hr"])
            H = Z * H + (1 - Z) * torch.tanh(pre["h"] + (R * H) @ p["W_hh"])
        else:
            i, f, o = (torch.sigmoid(pre[g] + H @ p[f"W_h{g}"]) for g in "ifo")
            C = f * C + i * torch.tanh(pre["c"] + H @ p["W_hc"])
            H = o * torch.tanh(C)
        expected.append(H @ p["W_hq"] + p["b_q"])
    assert_equal(folder / "out", torch.stack(expected))


def checkpoint(folder):
    """A checkpoint opens as PyTorch's state_dict, with Adam's moments in the parameters' shapes."""
    text = folder / "text"
    text.write_text("abcdefghij" * 200)
    command = [os.environ["RECUR"], "train", text, "--quiet", "-o", folder / "model.safetensors"]
    command += ["--hidden", "9", "--epochs", "2", "--checkpoint-every", "100"]
    subprocess.run(command, capture_output=True, check=True)
    path = folder / "model.checkpoint.safetensors"
    tensors = load(path)
    state = {name: value for name, value in tensors.items() if not name.startswith("training.")}
    module = concise("lstm")
    module.load_state_dict(state, strict=True)
    assert_equal(path, outputs(module))
    for kind in ("first", "second", "best"):
        for name, value in state.items():
            assert tensors[f"training.{kind}.{name}"].shape == value.shape, name


def cases():
    case = functools.partial
    yield "concise rnn tanh", case(there, make=concise, cell="rnn")
    yield "concise rnn relu", case(there, make=concise, cell="rnn", nonlinearity="relu", layers=2)
    for cell in ("gru", "lstm"):
        for layers in (1, 3):
            yield f"concise {cell} {layers}", case(there, make=concise, cell=cell, layers=layers)
        yield f"{cell} both directions", case(
            there, make=concise, cell=cell, layers=2, bidirectional=True
        )
        yield f"{cell} without biases", case(there, make=concise, cell=cell, bias=False)
        yield f"word language model {cell}", case(there, make=word_lm, cell=cell)
        for dtype in ("F64", "F16", "BF16"):
            yield f"{cell} {dtype}", case(there, make=word_lm, cell=cell, dtype=dtype)
    both = {"make": word_lm, "cell": "lstm", "embed": 9, "tied": True}
    yield "tied weights, both there", case(there, **both)
    yield "tied weights, one there", case(there, **both, drop=("decoder.weight",))
    yield "tied weights, the output layer's there", case(tied, embed="encoder", head="decoder")
    yield "tied weights, the embedding's there", case(tied, embed="embed", head="out")
    yield "tied weights without a bias", case(tied, embed="wte", head=None)
    yield "tied weights without a bias, named", case(tied, embed="embed", head=None)
    yield "lstm of numbers", case(numbers, cell="lstm", layers=2, bidirectional=True)
    yield "rnn of numbers", case(numbers, cell="rnn", outputs=V)
    yield "gru of numbers alone", case(layers_of_numbers, cell="gru", bidirectional=True)
    yield "a checkpoint", checkpoint
    yield "any prefix", case(there, make=word_lm, cell="gru", prefix="module.model.")
    for cell in ("rnn", "gru", "lstm"):
        yield f"bare {cell}", case(bare, cell=cell, layers=2)
        yield f"book's {cell} from scratch", case(book, cell=cell)
        yield f"{cell} to concise", case(back, make=concise, cell=cell, form="pytorch", arguments=[])
        deeper = {"make": rnnlm, "cell": cell}
        yield f"{cell} RNNLM", case(there, **deeper, layers=2)
        yield f"{cell} to RNNLM", case(back, **deeper, form="pytorch-rnnlm", arguments=[])
        lm = {"make": word_lm, "cell": cell, "form": "pytorch-word-lm", "layers": 2}
        options = ["--layers", "2", "--embed", "6"]
        yield f"{cell} to word language model", case(back, **lm, arguments=options)
        yield f"{cell} with single biases", case(
            back, make=concise, cell=cell, form="pytorch", arguments=["--biases", "1"]
        )


if __name__ == "__main__":
    no_torch = None if torch else "PyTorch is not installed"
    interop.run((name, case, no_torch) for name, case in cases())
