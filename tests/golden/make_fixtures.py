"""Writes the fixtures of tests/golden: make_fixtures.py [FOLDER]

Each file is one network over V tokens, trained by PyTorch for ten minibatches of B sequences of T
steps, in double precision, from parameters that a float holds exactly. Needs PyTorch alone
(Debian: python3-torch). Equal seeds write equal bytes.

metadata    cell, activation, hidden (widths from the input up), embedding, biases, lr, clip; of
            two directions merge; task where it is not lm
ids         (10 B T + 1): stream b of B is ids [10 T b, 10 T (b + 1)], its targets one further, or
            the same where they are to be filled in
initial.*   every parameter before the first minibatch, by recur's names
logits      (T, B, V) of the first minibatch
gradient.*  of the first minibatch's mean loss, before clipping
losses      (10), norms (10): of each minibatch, before its update
after.*     every parameter after ten steps of SGD, clipped as in the D2L book, the state carried
            from minibatch to minibatch and detached (of two directions, or to fill in: zero in each)
final       (L, 2, B, H) of two directions: the hidden states that the first minibatch ends in

Those named lengths-* are one forward and backward pass of nn.RNN, nn.GRU or nn.LSTM over packed
sequences of several lengths (pack_padded_sequence, not sorted):

metadata    cell, activation, hidden, inputs; of two directions merge
lengths     (B)
x h0 c0     (T, B, I), (L D, B, H): what it reads and begins with, c0 of lstm
y h_n c_n   (T, B, D H), (L D, B, H): what comes out, 0 behind each end
d*          the loss is the sum of y dy, h_n dh_n and c_n dc_n, so that dy, dh_n and dc_n are its
            gradients; dx, dh0, dc0 those of the inputs
gradient.*  of every parameter
"""

import json
import struct
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy, layer_norm, one_hot
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

KINDS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}

V, B, T, STEPS = 11, 4, 7, 10


class Torch:
    """nn.RNN, nn.GRU or nn.LSTM: one module where all layers are equally wide, else a chain."""

    biases, metadata = 2, {}

    def __init__(self, cell, activation, hidden, embedding):
        options = {"nonlinearity": activation} if cell == "rnn" else {}
        self.embedding = nn.Embedding(V, embedding) if embedding else None
        inputs = embedding or V
        if len(set(hidden)) == 1:
            self.modules = [KINDS[cell](inputs, hidden[0], len(hidden), **options)]
        else:
            widths = zip([inputs, *hidden], hidden)
            self.modules = [KINDS[cell](before, width, **options) for before, width in widths]
        self.linear = nn.Linear(hidden[-1], V)

    def named_parameters(self):
        """(our name, parameter) in the order of recur's table."""
        found = []
        if self.embedding:
            found.append(("embedding.weight", self.embedding.weight))
        layer = 0
        for module in self.modules:
            for own in range(module.num_layers):
                for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    found.append((f"rnn.{kind}_l{layer}", getattr(module, f"{kind}_l{own}")))
                layer += 1
        found.append(("linear.weight", self.linear.weight))
        return [*found, ("linear.bias", self.linear.bias)]

    def forward(self, x, states):
        """Logits of x (T, B), and the new states."""
        y = self.embedding(x) if self.embedding else one_hot(x, V).double()
        new = []
        for module, state in zip(self.modules, states or [None] * len(self.modules)):
            y, state = module(y, state)
            new.append(state)
        return self.linear(y), new


class Both:
    """Two directions, layers of one width H: PyTorch's own where they stand side by side, a module
    for each layer where they are summed."""

    biases = 2

    def __init__(self, cell, activation, hidden, embedding, merge):
        self.sums, h, layers = merge == "sum", hidden[0], len(hidden)
        options = {"nonlinearity": activation} if cell == "rnn" else {}
        options["bidirectional"] = True
        self.embedding = nn.Embedding(V, embedding) if embedding else None
        inputs = embedding or V
        if self.sums:
            self.modules = [KINDS[cell](h if l else inputs, h, **options) for l in range(layers)]
        else:
            self.modules = [KINDS[cell](inputs, h, layers, **options)]
        self.linear = nn.Linear(h if self.sums else 2 * h, V)
        self.metadata = {"merge": merge}

    def named_parameters(self):
        found = [("embedding.weight", self.embedding.weight)] if self.embedding else []
        layer = 0
        for module in self.modules:
            for own in range(module.num_layers):
                for suffix in ("", "_reverse"):
                    for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                        parameter = getattr(module, f"{kind}_l{own}{suffix}")
                        found.append((f"rnn.{kind}_l{layer}{suffix}", parameter))
                layer += 1
        found.append(("linear.weight", self.linear.weight))
        return [*found, ("linear.bias", self.linear.bias)]

    def forward(self, x, _):
        y = self.embedding(x) if self.embedding else one_hot(x, V).double()
        final = []
        for module in self.modules:
            y, state = module(y)
            final.append(state[0] if isinstance(state, tuple) else state)
            if self.sums:
                forward, backward = y.chunk(2, -1)
                y = forward + backward
        self.final = torch.cat(final).unflatten(0, (-1, 2))
        return self.linear(y), []


class Fill:
    """Each token from the states of a stack before it and, of two directions, those of a second
    stack behind it, which read the text backwards."""

    biases = 2

    def __init__(self, cell, activation, hidden, embedding, directions):
        h, layers = hidden[0], len(hidden)
        self.embedding = nn.Embedding(V, embedding) if embedding else None
        self.stacks = [KINDS[cell](embedding or V, h, layers) for _ in range(directions)]
        self.linear = nn.Linear(directions * h, V)
        self.metadata = {"task": "fill", **({"merge": "concat"} if directions == 2 else {})}

    def named_parameters(self):
        found = [("embedding.weight", self.embedding.weight)] if self.embedding else []
        for layer in range(self.stacks[0].num_layers):
            for stack, suffix in zip(self.stacks, ("", "_reverse")):
                for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    parameter = getattr(stack, f"{kind}_l{layer}")
                    found.append((f"rnn.{kind}_l{layer}{suffix}", parameter))
        found.append(("linear.weight", self.linear.weight))
        return [*found, ("linear.bias", self.linear.bias)]

    def forward(self, x, _):
        e = self.embedding(x) if self.embedding else one_hot(x, V).double()
        parts = []
        for stack, turned in zip(self.stacks, (False, True)):
            y, _ = stack(e.flip(0) if turned else e)
            before = torch.cat([torch.zeros_like(y[:1]), y[:-1]])
            parts.append(before.flip(0) if turned else before)
        return self.linear(torch.cat(parts, -1)), []


class Book:
    """The D2L book's RNN and GRU from scratch, which put the reset gate before the product. Initial
    values are larger than the book's, or the gates would hardly move in ten steps."""

    biases, metadata = 1, {}
    spread = 0.2

    def __init__(self, cell, activation, hidden, embedding):
        assert activation == "tanh" and len(hidden) == 1 and not embedding
        self.cell, h = cell, hidden[0]
        gates = {"rnn": ["h"], "gru-reset-before": ["r", "z", "h"]}[cell]  # in PyTorch's order
        self.gates = gates
        self.p = {}
        for gate in gates:
            self.p[f"W_x{gate}"] = nn.Parameter(torch.randn(V, h) * self.spread)
            self.p[f"W_h{gate}"] = nn.Parameter(torch.randn(h, h) * self.spread)
            self.p[f"b_{gate}"] = nn.Parameter(torch.zeros(h))
        self.p["W_hq"] = nn.Parameter(torch.randn(h, V) * self.spread)
        self.p["b_q"] = nn.Parameter(torch.zeros(V))

    def named_parameters(self):
        """The book's parameters by recur's names, as (name, [gate by gate])."""
        gates = self.gates
        return [
            ("rnn.weight_ih_l0", [self.p[f"W_x{gate}"] for gate in gates]),
            ("rnn.weight_hh_l0", [self.p[f"W_h{gate}"] for gate in gates]),
            ("rnn.bias_ih_l0", [self.p[f"b_{gate}"] for gate in gates]),
            ("linear.weight", [self.p["W_hq"]]),
            ("linear.bias", [self.p["b_q"]]),
        ]

    def step(self, X, H):
        p = self.p
        if self.cell == "rnn":
            return torch.tanh(X @ p["W_xh"] + H @ p["W_hh"] + p["b_h"])
        Z = torch.sigmoid(X @ p["W_xz"] + H @ p["W_hz"] + p["b_z"])
        R = torch.sigmoid(X @ p["W_xr"] + H @ p["W_hr"] + p["b_r"])
        H_tilda = torch.tanh(X @ p["W_xh"] + (R * H) @ p["W_hh"] + p["b_h"])
        return Z * H + (1 - Z) * H_tilda

    def forward(self, x, states):
        H = states[0] if states else torch.zeros(x.shape[1], self.p["b_h"].shape[0]).double()
        outputs = []
        for X in one_hot(x, V).double():
            H = self.step(X, H)
            outputs.append(H @ self.p["W_hq"] + self.p["b_q"])
        return torch.stack(outputs), [H]


class Normalised:
    """LSTM and GRU with layer normalisation as Ba, Kiros & Hinton publish them (2016, equations 20
    to 22 and 31 to 33), with PyTorch's names and order of gates. Gains and biases of c begin at
    random values, or the gradients of what they multiply would hide mistakes."""

    biases, metadata = 2, {}

    def __init__(self, cell, activation, hidden, embedding):
        assert activation == "tanh"
        self.cell, self.hidden = cell, hidden
        self.embedding = nn.Embedding(V, embedding) if embedding else None
        self.linear = nn.Linear(hidden[-1], V)
        self.p = {}
        gates, inputs = {"ln-lstm": 4, "ln-gru": 3}[cell], embedding or V
        for layer, h in enumerate(hidden):
            shapes = {"weight_ih": (gates * h, inputs), "weight_hh": (gates * h, h),
                      "bias_ih": (gates * h,), "bias_hh": (gates * h,),
                      "gain_ih": (gates * h,), "gain_hh": (gates * h,)}
            if cell == "ln-lstm":
                shapes |= {"gain_c": (h,), "bias_c": (h,)}
            for name, shape in shapes.items():
                spread = torch.rand(shape) - 0.5
                value = 1 + spread / 2 if "gain" in name else spread * 2 / h**0.5
                self.p[f"rnn.{name}_l{layer}"] = nn.Parameter(value)
            inputs = h

    def named_parameters(self):
        found = [("embedding.weight", self.embedding.weight)] if self.embedding else []
        found += self.p.items()
        found.append(("linear.weight", self.linear.weight))
        return [*found, ("linear.bias", self.linear.bias)]

    def layer(self, layer, x, h, c):
        """One step."""
        p = {name: self.p[f"rnn.{name}_l{layer}"] for name in
             ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "gain_ih", "gain_hh")}
        H = self.hidden[layer]

        def normalised(part, y):
            together = [4 * H] if self.cell == "ln-lstm" else [2 * H, H]
            pieces = [layer_norm(piece, piece.shape[-1:]) for piece in y.split(together, -1)]
            return torch.cat(pieces, -1) * p[f"gain_{part}"] + p[f"bias_{part}"]

        a = normalised("ih", x @ p["weight_ih"].t())
        b = normalised("hh", h @ p["weight_hh"].t())
        if self.cell == "ln-gru":
            r, z = torch.sigmoid(a[:, : 2 * H] + b[:, : 2 * H]).chunk(2, -1)
            n = torch.tanh(a[:, 2 * H :] + r * b[:, 2 * H :])
            return (1 - z) * n + z * h, c
        i, f, g, o = (a + b).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        y = layer_norm(c, (H,)) * self.p[f"rnn.gain_c_l{layer}"] + self.p[f"rnn.bias_c_l{layer}"]
        return torch.sigmoid(o) * torch.tanh(y), c

    def forward(self, x, states):
        y = self.embedding(x) if self.embedding else one_hot(x, V).double()
        after = []
        for layer, hidden in enumerate(self.hidden):
            h, c = states[layer] if states else (torch.zeros(x.shape[1], hidden).double(),) * 2
            outputs = []
            for step in y:
                h, c = self.layer(layer, step, h, c)
                outputs.append(h)
            y = torch.stack(outputs)
            after.append((h, c))
        return self.linear(y), after


# name: (network, cell, activation, hidden, embedding, learning rate, more of the network)
CASES = {
    "rnn-tanh-1": (Torch, "rnn", "tanh", [33], 0, 1.0),
    "rnn-tanh-2": (Torch, "rnn", "tanh", [5, 5], 0, 1.0),
    "rnn-tanh-3": (Torch, "rnn", "tanh", [17, 33, 5], 0, 1.0),
    "rnn-relu-1": (Torch, "rnn", "relu", [33], 0, 1.0),
    "rnn-relu-2": (Torch, "rnn", "relu", [12, 12], 0, 1.0),
    "rnn-relu-3": (Torch, "rnn", "relu", [9, 9, 9], 0, 1.0),
    "gru-1": (Torch, "gru", "tanh", [33], 0, 1.0),
    "gru-2": (Torch, "gru", "tanh", [9, 9], 0, 1.0),
    "gru-3": (Torch, "gru", "tanh", [5, 33, 7], 0, 1.0),
    "lstm-1": (Torch, "lstm", "tanh", [33], 0, 1.0),
    "lstm-2": (Torch, "lstm", "tanh", [10, 10], 6, 1.0),
    "lstm-3": (Torch, "lstm", "tanh", [7, 33, 5], 0, 1.0),
    "book-rnn": (Book, "rnn", "tanh", [33], 0, 1.0),
    "book-gru": (Book, "gru-reset-before", "tanh", [33], 0, 1.0),
    "both-rnn-1": (Both, "rnn", "tanh", [33], 0, 1.0, "concat"),
    "both-rnn-2": (Both, "rnn", "relu", [9, 9], 0, 1.0, "concat"),
    "both-gru-1": (Both, "gru", "tanh", [33], 6, 1.0, "concat"),
    "both-gru-2": (Both, "gru", "tanh", [9, 9], 0, 1.0, "concat"),
    "both-lstm-1": (Both, "lstm", "tanh", [33], 0, 1.0, "concat"),
    "both-lstm-2": (Both, "lstm", "tanh", [9, 9], 6, 1.0, "concat"),
    "both-sum": (Both, "gru", "tanh", [9, 9], 0, 1.0, "sum"),
    "fill-rnn": (Fill, "rnn", "tanh", [33], 0, 1.0, 1),
    "fill-gru": (Fill, "gru", "tanh", [9, 9], 6, 1.0, 2),
    "fill-lstm": (Fill, "lstm", "tanh", [9, 9], 0, 1.0, 2),
    "ln-lstm-1": (Normalised, "ln-lstm", "tanh", [33], 0, 0.1),
    "ln-lstm-2": (Normalised, "ln-lstm", "tanh", [17, 33], 6, 0.02),
    "ln-gru-1": (Normalised, "ln-gru", "tanh", [33], 0, 0.1),
    "ln-gru-2": (Normalised, "ln-gru", "tanh", [17, 33], 6, 0.1),
}


def pieces(parameter):
    return parameter if isinstance(parameter, list) else [parameter]


def export(parameter, pick):
    """A parameter (or its gradient) as PyTorch has it: the book's matrices are transposed."""
    if not isinstance(parameter, list):
        return pick(parameter).detach().clone()
    return torch.cat([pick(piece).detach().t() for piece in parameter])


def minibatches(ids):
    """The inputs and targets, (T, B) each, of the ten minibatches."""
    streams = torch.stack([ids[b * STEPS * T : (b + 1) * STEPS * T + 1] for b in range(B)])
    for i in range(STEPS):
        part = streams[:, i * T : (i + 1) * T + 1].t()
        yield part[:-1], part[1:]


def clip(parameters, theta):
    """The book's grad_clipping; returns the norm before it."""
    norm = torch.sqrt(sum(torch.sum(p.grad**2) for p in parameters))
    if norm > theta:
        for p in parameters:
            p.grad *= theta / norm
    return norm.item()


def detached(state):
    """A layer's state; the LSTM's is a pair."""
    return tuple(map(detached, state)) if isinstance(state, tuple) else state.detach()


def train(network, ids, lr, theta):
    """Everything of a fixture that training gives; the network ends in its last parameters."""
    named = network.named_parameters()
    parameters = [piece for _, parameter in named for piece in pieces(parameter)]
    tensors = {"ids": ids}
    for name, parameter in named:
        tensors[f"initial.{name}"] = export(parameter, lambda p: p)
    losses, norms, states = [], [], None
    for x, y in minibatches(ids):
        logits, states = network.forward(x, states)
        y = x if network.metadata.get("task") == "fill" else y
        loss = cross_entropy(logits.reshape(-1, V), y.reshape(-1))
        for p in parameters:
            p.grad = None
        loss.backward()
        if not losses:
            tensors["logits"] = logits.detach()
            for name, parameter in named:
                tensors[f"gradient.{name}"] = export(parameter, lambda p: p.grad)
            if hasattr(network, "final"):
                tensors["final"] = network.final.detach()
        losses.append(loss.item())
        norms.append(clip(parameters, theta))
        with torch.no_grad():
            for p in parameters:
                p -= lr * p.grad
        states = [detached(state) for state in states]
    tensors["losses"], tensors["norms"] = torch.tensor(losses), torch.tensor(norms)
    for name, parameter in named:
        tensors[f"after.{name}"] = export(parameter, lambda p: p)
    return tensors


def make(case, seed):
    """A case's tensors and metadata, with a threshold that clips some minibatches but not all."""
    kind, cell, activation, hidden, embedding, lr, *more = case
    generator = torch.Generator().manual_seed(seed)
    jumps = torch.randint(1, 4, (B * STEPS * T + 1,), generator=generator)
    ids = jumps.cumsum(0) % V  # a text that can be learned
    for theta in [round(4 * 0.9**i, 3) for i in range(36)]:
        torch.manual_seed(seed)
        network = kind(cell, activation, hidden, embedding, *more)
        for _, parameter in network.named_parameters():
            for piece in pieces(parameter):
                piece.data = piece.data.float().double()
        tensors = train(network, ids, lr, theta)
        norms = tensors["norms"].tolist()
        clear = min(abs(norm / theta - 1) for norm in norms) > 1e-3
        if clear and 2 <= sum(norm > theta for norm in norms) <= 8:
            break
    else:
        raise SystemExit("no threshold clips some minibatches but not all")
    return tensors, {
        "cell": cell,
        "activation": activation,
        "hidden": ",".join(map(str, hidden)),
        "embedding": str(embedding),
        "biases": str(kind.biases),
        "lr": str(lr),
        "clip": str(theta),
        **network.metadata,
    }


# name: (cell, activation, H, layers, both directions)
LENGTHS_CASES = {
    f"lengths-{cell}-{layers}{'-both' if both else ''}": (
        cell,
        "relu" if cell == "rnn" and both else "tanh",
        9 if layers == 2 else 33,
        layers,
        both,
    )
    for cell in KINDS
    for layers in (1, 2)
    for both in (False, True)
}
LENGTHS, INPUTS = [3, 7, 1, 7, 5], 6


def make_lengths(case, seed):
    """A packed pass's tensors and metadata."""
    cell, activation, hidden, layers, both = case
    torch.manual_seed(seed)
    options = {"nonlinearity": activation} if cell == "rnn" else {}
    module = KINDS[cell](INPUTS, hidden, layers, bidirectional=both, **options)
    named = [(f"rnn.{name}", parameter) for name, parameter in module.named_parameters()]
    for _, parameter in named:
        parameter.data = parameter.data.float().double()
    steps, batch, directions = max(LENGTHS), len(LENGTHS), 1 + both
    draw = lambda *shape: torch.randn(shape).float().double()
    states = ["h0", "c0"] if cell == "lstm" else ["h0"]
    given = {"x": draw(steps, batch, INPUTS)}
    for name in states:
        given[name] = draw(layers * directions, batch, hidden) / 2
    for tensor in given.values():
        tensor.requires_grad_()
    begun = tuple(given[name] for name in states)
    packed = pack_padded_sequence(given["x"], torch.tensor(LENGTHS), enforce_sorted=False)
    y, ended = module(packed, begun if cell == "lstm" else begun[0])
    y, lengths = pad_packed_sequence(y)
    assert lengths.tolist() == LENGTHS
    results = {"y": y, "h_n": ended[0] if cell == "lstm" else ended}
    if cell == "lstm":
        results["c_n"] = ended[1]
    weights = {name: draw(*tensor.shape) for name, tensor in results.items()}
    sum((results[name] * weights[name]).sum() for name in results).backward()
    tensors = {"lengths": torch.tensor(LENGTHS), **given, **results}
    for name, weight in weights.items():
        tensors[f"d{name}"] = weight
    for name, tensor in given.items():
        tensors[f"d{name}"] = tensor.grad
    for name, parameter in named:
        tensors[f"initial.{name}"] = parameter
        tensors[f"gradient.{name}"] = parameter.grad
    return {name: tensor.detach() for name, tensor in tensors.items()}, {
        "cell": cell,
        "activation": activation,
        "hidden": ",".join([str(hidden)] * layers),
        "inputs": str(INPUTS),
        **({"merge": "concat"} if both else {}),
    }


def save(path, tensors, metadata):
    """The safetensors format: length of the header, header in JSON, data."""
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        integers = not tensor.is_floating_point()
        values = tensor.flatten().tolist()
        packed = struct.pack(f"<{len(values)}{'i' if integers else 'f'}", *values)
        header[name] = {
            "dtype": "I32" if integers else "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(packed)],
        }
        data += packed
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    for seed, (name, case) in enumerate(CASES.items(), 1):
        tensors, metadata = make(case, seed)
        save(folder / f"{name}.safetensors", tensors, metadata)
        norms = " ".join(f"{norm:.2f}" for norm in tensors["norms"])
        print(f"{name}: clip {metadata['clip']}, norms {norms}, losses "
              f"{tensors['losses'][0]:.3f} to {tensors['losses'][-1]:.3f}")
    for seed, (name, case) in enumerate(LENGTHS_CASES.items(), 101):
        save(folder / f"{name}.safetensors", *make_lengths(case, seed))
        print(name)


if __name__ == "__main__":
    main()
