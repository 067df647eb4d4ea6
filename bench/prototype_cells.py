#!/usr/bin/env python3
"""Trains cells in PyTorch, before recur has them, beside an LSTM in the same program, on the
characters of a text, and prints a table of their held-out losses.

    bench/prototype_cells.py TEXT [--cells lstm ...] [--seeds 1 2 3] [--epochs 12] [--lr 0.01] [--hidden 192]

Everything but the cell is as `recur train --average ema --weight-drop 0.2 --dropout 0.5` has it:
sequences that follow each other, Adam, clipping to 1, a mean of the parameters over the last fifth
of the updates, the last tenth of the text held out, the best epoch kept.
"""
import argparse
import math
import resource
import statistics
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F


class Cell(nn.Module):
    """One layer: a minibatch (T, B, inputs) and a state go in, outputs (T, B, units) and a state come out."""

    def __init__(self, inputs, units, gates, drop):
        super().__init__()
        bound = units ** -0.5
        self.units, self.drop = units, drop
        self.w_x = nn.Parameter(torch.empty(gates * units, inputs).uniform_(-bound, bound))
        self.w_h = nn.Parameter(torch.empty(gates * units, units).uniform_(-bound, bound))
        self.b = nn.Parameter(torch.empty(gates * units).uniform_(-bound, bound))

    def recurrent(self):
        return F.dropout(self.w_h, self.drop, self.training)

    def start(self, batch):
        return (torch.zeros(batch, self.units),) * 2


class LSTM(Cell):
    """Hochreiter & Schmidhuber 1997."""

    def __init__(self, inputs, units, drop):
        super().__init__(inputs, units, 4, drop)

    def project(self, x):
        return F.linear(x, self.w_x, self.b)

    def add(self, xs, h, w_h):
        return torch.addmm(xs, h, w_h)

    def squash(self, c):
        return torch.tanh(c)

    def forward(self, x, state):
        h, c = state
        xs, w_h, out = self.project(x), self.recurrent().t(), []
        for t in range(x.shape[0]):
            i, f, g, o = self.add(xs[t], h, w_h).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * self.squash(c)
            out.append(h)
        return torch.stack(out), (h.detach(), c.detach())


class LayerNormLSTM(LSTM):
    """Ba, Kiros & Hinton 2016, equations 20 to 22."""

    def __init__(self, inputs, units, drop):
        super().__init__(inputs, units, drop)
        self.norm_x, self.norm_h, self.norm_c = (nn.LayerNorm(n) for n in (4 * units, 4 * units, units))

    def project(self, x):
        return self.norm_x(F.linear(x, self.w_x)) + self.b

    def add(self, xs, h, w_h):
        return xs + self.norm_h(h @ w_h)

    def squash(self, c):
        return torch.tanh(self.norm_c(c))


class PlainCellState(LayerNormLSTM):
    """The same, but c is not normalised."""

    def squash(self, c):
        return torch.tanh(c)


class LayerNormSumLSTM(LSTM):
    """The sum of both products is normalised, in so many groups of gates, and what the output reads of c
    is, too; the next step reads it so where it is `carried` (TensorFlow's LayerNormBasicLSTMCell: 4
    groups, carried)."""

    def __init__(self, inputs, units, drop, groups, carried=False, plain=False):
        super().__init__(inputs, units, drop)
        self.gain = nn.Parameter(torch.ones(4 * units))
        self.norm_c = nn.Identity() if plain else nn.LayerNorm(units)
        self.groups, self.carried = groups, carried

    def forward(self, x, state):
        h, c = state
        xs, w_h, out = F.linear(x, self.w_x), self.recurrent().t(), []
        for t in range(x.shape[0]):
            sums = torch.addmm(xs[t], h, w_h).unflatten(1, (self.groups, -1))
            sums = F.layer_norm(sums, sums.shape[2:]).flatten(1) * self.gain + self.b
            i, f, g, o = sums.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            y = self.norm_c(c)
            c = y if self.carried else c
            h = torch.sigmoid(o) * torch.tanh(y)
            out.append(h)
        return torch.stack(out), (h.detach(), c.detach())


class MogrifierLSTM(LSTM):
    """Melis, Kočiský & Blunsom 2020: input and state scale each other five times before each step."""
    ROUNDS = 5

    def __init__(self, inputs, units, drop):
        super().__init__(inputs, units, drop)
        bound = units ** -0.5
        self.q = nn.ParameterList(
            nn.Parameter(torch.empty(*((units, inputs) if i % 2 == 0 else (inputs, units))).uniform_(-bound, bound))
            for i in range(self.ROUNDS))

    def forward(self, x, state):
        h, c = state
        w_h, out = self.recurrent().t(), []
        for t in range(x.shape[0]):
            now = x[t]
            for i, q in enumerate(self.q):
                if i % 2 == 0:
                    now = 2 * torch.sigmoid(h @ q) * now
                else:
                    h = 2 * torch.sigmoid(now @ q) * h
            i, f, g, o = torch.addmm(F.linear(now, self.w_x, self.b), h, w_h).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            out.append(h)
        return torch.stack(out), (h.detach(), c.detach())


class MinGRU(Cell):
    """Feng et al. 2024: gates and candidates know the input alone; candidates above 0."""

    def __init__(self, inputs, units, drop, gates=2):
        super().__init__(inputs, units, gates, drop)
        self.w_h = None

    def start(self, batch):
        return (torch.full((batch, self.units), 0.5),)

    def shares(self, xs):
        z, g = xs.chunk(2, 2)
        z = torch.sigmoid(z)
        return 1 - z, z, g

    def forward(self, x, state):
        (h,), out = state, []
        keep, take, g = self.shares(F.linear(F.dropout(x, self.drop if x.shape[2] == self.units else 0,
                                                       self.training), self.w_x, self.b))
        new = take * torch.where(g >= 0, g + 0.5, torch.sigmoid(g))
        for t in range(x.shape[0]):
            h = keep[t] * h + new[t]
            out.append(h)
        return torch.stack(out), (h.detach(),)


class MinLSTM(MinGRU):
    """The same paper: forget and input gate, scaled to a sum of 1."""

    def __init__(self, inputs, units, drop):
        super().__init__(inputs, units, drop, 3)

    def shares(self, xs):
        f, i, g = xs.chunk(3, 2)
        f, i = torch.sigmoid(f), torch.sigmoid(i)
        return f / (f + i), i / (f + i), g


CELLS = {
    "lstm": (LSTM, 1), "ln-lstm": (LayerNormLSTM, 1), "ln-lstm-plain-c": (PlainCellState, 1),
    "ln-sum": (partial(LayerNormSumLSTM, groups=1), 1), "ln-gates": (partial(LayerNormSumLSTM, groups=4), 1),
    "ln-gates-carried": (partial(LayerNormSumLSTM, groups=4, carried=True), 1),
    "ln-gates-plain-c": (partial(LayerNormSumLSTM, groups=4, plain=True), 1), "mogrifier": (MogrifierLSTM, 1),
    "mingru": (MinGRU, 1), "mingru-3": (MinGRU, 3), "minlstm-3": (MinLSTM, 3), "lstm-2": (LSTM, 2),
}


class Network(nn.Module):
    def __init__(self, name, symbols, args):
        super().__init__()
        cell, layers = CELLS[name]
        # An embedding of the units' width where the cell's input must be dense, else one-hot.
        self.embed = nn.Embedding(symbols, args.hidden) if cell in (MogrifierLSTM, MinGRU, MinLSTM) else None
        width = args.hidden if self.embed else symbols
        self.symbols, self.dropout = symbols, args.dropout
        self.layers = nn.ModuleList(cell(width if i == 0 else args.hidden, args.hidden, args.weight_drop)
                                    for i in range(layers))
        self.residual = layers > 2
        self.head = nn.Linear(args.hidden, symbols)

    def start(self, batch):
        return [layer.start(batch) for layer in self.layers]

    def forward(self, ids, states):
        x = self.embed(ids) if self.embed else F.one_hot(ids, self.symbols).float()
        ends = []
        for layer, state in zip(self.layers, states):
            y, end = layer(x, state)
            y = F.dropout(y, self.dropout, self.training)
            x = x + y if self.residual else y
            ends.append(end)
        return self.head(x), ends


def evaluate(network, ids):
    network.eval()
    loss, states, steps = 0.0, network.start(1), 512
    with torch.no_grad():
        for at in range(0, len(ids) - 1, steps):
            part = ids[at:at + steps + 1]
            out, states = network(part[:-1, None], states)
            loss += float(F.cross_entropy(out[:, 0], part[1:], reduction="sum"))
    network.train()
    return loss / (len(ids) - 1)


def train(name, ids, symbols, seed, args):
    torch.manual_seed(seed)
    network = Network(name, symbols, args)
    train_ids, held = ids[:len(ids) * 9 // 10], ids[len(ids) * 9 // 10:]
    rows = len(train_ids) // args.batch
    optimiser = torch.optim.Adam(network.parameters(), lr=args.lr)
    updates = args.epochs * (rows // args.steps)
    decay = 1 - 1 / max(1, 0.2 * updates)
    means = [torch.zeros_like(p) for p in network.parameters()]
    best, weight = (math.inf, 0), 0.0
    for epoch in range(1, args.epochs + 1):
        shift = int(torch.randint(args.steps, ()))
        table = train_ids[shift:shift + (len(train_ids) - shift - 1) // args.batch * args.batch]
        inputs = table.view(args.batch, -1).t()
        labels = train_ids[shift + 1:shift + 1 + len(table)].view(args.batch, -1).t()
        states = network.start(args.batch)
        for at in range(0, len(inputs) - args.steps, args.steps):
            out, states = network(inputs[at:at + args.steps], states)
            loss = F.cross_entropy(out.flatten(0, 1), labels[at:at + args.steps].flatten())
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            weight = decay * weight + 1 - decay
            for mean, parameter in zip(means, network.parameters()):
                mean.mul_(decay).add_(parameter.detach(), alpha=1 - decay)
        kept = [p.detach().clone() for p in network.parameters()]
        for mean, parameter in zip(means, network.parameters()):
            parameter.data.copy_(mean / weight)
        best = min(best, (evaluate(network, held), epoch))
        for old, parameter in zip(kept, network.parameters()):
            parameter.data.copy_(old)
    return best, sum(p.numel() for p in network.parameters())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("--cells", nargs="+", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    for name, value in {"epochs": 12, "hidden": 192, "batch": 8, "steps": 64}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    for name, value in {"lr": 0.01, "dropout": 0.5, "weight-drop": 0.2}.items():
        parser.add_argument(f"--{name}", type=float, default=value)
    args = parser.parse_args()
    torch.set_num_threads(1)
    with open(args.text, encoding="utf-8") as file:
        text = file.read()
    symbols = {c: i for i, c in enumerate(sorted(set(text)))}
    ids = torch.tensor([symbols[c] for c in text])
    print("| cell | parameters | held-out loss | epochs kept | CPU seconds of a run |\n|---|---|---|---|---|")
    for name in args.cells:
        before, results = resource.getrusage(resource.RUSAGE_SELF).ru_utime, []
        for seed in args.seeds:
            best, parameters = train(name, ids, len(symbols), seed, args)
            results.append(best)
        losses = [loss for loss, _ in results]
        spread = f" ± {statistics.stdev(losses):.4f}" if len(losses) > 1 else ""
        seconds = (resource.getrusage(resource.RUSAGE_SELF).ru_utime - before) / len(results)
        print(f"| {name} | {parameters} | {statistics.mean(losses):.4f}{spread} | "
              f"{', '.join(str(epoch) for _, epoch in results)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
