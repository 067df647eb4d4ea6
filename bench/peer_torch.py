"""Trains one of `recur bench`'s works with PyTorch: peer_torch.py WORK SECONDS [MODE]. Prints tokens per second.

MODE is f32; autocast, in which parameters are float and products are bf16 where PyTorch makes them so; or bf16, in
which everything but the loss is bf16. Exits with 3 where this PyTorch lacks what the work needs in that mode.

lengths-padded and lengths-packed are the work of `recur bench`'s lengths: a bidirectional LSTM that
labels every token of sequences of 5 to 100, in minibatches of 32. Only tokens
count, not padding. With -buckets at the end, minibatches are drawn by length, as recur draws them;
without it they are drawn at random, as a plain loader does.

The other works are the book's: minibatches of 32 x 35 one-hot characters out of 10 000, sequential,
with the state carried over (words-...: 10 000 words, embedded; lstm-64: 8 sequences). A step is forward,
loss, backward, clipping of the global norm, and a step of SGD. As `recur bench` does, it trains one
epoch to warm up and prints the median speed of the epochs after it.
"""

import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

BATCH, STEPS, TOKENS, VOCABULARY, SEQUENCES = 32, 35, 10000, 28, 512
WORDS = 10000
# name: (layer, hidden, layers); then batch, steps and vocabulary where they differ from the book's.
WORKS = {
    "d2l-rnn-scratch": (None, 512, 1),
    "d2l-rnn": (nn.RNN, 256, 1),
    "d2l-gru": (nn.GRU, 256, 1),
    "d2l-lstm": (nn.LSTM, 256, 1),
    "d2l-deep-lstm": (nn.LSTM, 256, 2),
    "rnn-512": (nn.RNN, 512, 1),
    "gru-512": (nn.GRU, 512, 1),
    "lstm-512": (nn.LSTM, 512, 1),
    "lstm-2x512": (nn.LSTM, 512, 2),
    "words-2x200": (nn.LSTM, 200, 2, 20, 20, WORDS),
    "words-2x650": (nn.LSTM, 650, 2, 20, 35, WORDS),
    "lstm-64": (nn.LSTM, 64, 1, 8, STEPS, VOCABULARY),
}


class Scratch(nn.Module):
    """The book's RNN from scratch, with a loop over time in Python."""

    def __init__(self, hidden):
        super().__init__()
        shapes = [(VOCABULARY, hidden), (hidden, hidden), (hidden,), (hidden, VOCABULARY), (VOCABULARY,)]
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(s) * 0.01 if len(s) > 1 else torch.zeros(s)) for s in shapes
        )

    def forward(self, inputs, state):
        w_xh, w_hh, b_h, w_hq, b_q = self.weights
        h = torch.zeros(inputs.shape[1], w_hh.shape[0], dtype=w_hh.dtype) if state is None else state
        outputs = []
        for x in functional.one_hot(inputs, VOCABULARY).to(w_hh.dtype):
            h = torch.tanh(x @ w_xh + h @ w_hh + b_h)
            outputs.append(h @ w_hq + b_q)
        return torch.cat(outputs), h


class Concise(nn.Module):
    """One-hot characters, or embedded words."""

    def __init__(self, layer, hidden, layers, vocabulary):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, hidden) if vocabulary == WORDS else None
        self.rnn = layer(hidden if self.embedding else vocabulary, hidden, layers)
        self.linear = nn.Linear(hidden, vocabulary)

    def forward(self, inputs, state):
        if self.embedding:
            inputs = self.embedding(inputs)
        else:
            inputs = functional.one_hot(inputs, self.linear.out_features).to(self.linear.weight.dtype)
        outputs, state = self.rnn(inputs, state)
        return self.linear(outputs.reshape(-1, outputs.shape[-1])), state


class Tagger(nn.Module):
    """Labels every token. Sequences are packed, or padded to the longest of the minibatch."""

    def __init__(self, packed):
        super().__init__()
        self.packed = packed
        self.rnn = nn.LSTM(VOCABULARY, 256, bidirectional=True)
        self.linear = nn.Linear(512, VOCABULARY)

    def forward(self, inputs, lengths):
        if self.packed:
            inputs = pack_padded_sequence(inputs, lengths, enforce_sorted=False)
        outputs, _ = self.rnn(inputs)
        return self.linear(pad_packed_sequence(outputs)[0] if self.packed else outputs)


def length_minibatches(lengths, buckets):
    """Draws the members of each minibatch of an epoch."""
    order = torch.randperm(len(lengths))
    if buckets:
        order = order[torch.argsort(lengths[order], descending=True)]
    pieces = list(order.split(BATCH))
    return [pieces[i] for i in torch.randperm(len(pieces))]


def length_epoch(model, lengths, loss_of, buckets):
    start = time.perf_counter()
    for members in length_minibatches(lengths, buckets):
        here = lengths[members]
        ids = torch.randint(VOCABULARY, (int(here.max()), len(members)))
        # Padding after a sequence's end has no loss.
        targets = ids.masked_fill(torch.arange(len(ids))[:, None] >= here, -100)
        logits = model(functional.one_hot(ids, VOCABULARY).float(), here)
        for parameter in model.parameters():
            parameter.grad = None
        loss_of(logits.reshape(-1, VOCABULARY), targets.reshape(-1)).backward()
        update(model)
    return int(lengths.sum()) / (time.perf_counter() - start)


def minibatches(corpus, batch, steps):
    count = (len(corpus) - 1) // batch * batch
    x, y = corpus[:count].reshape(batch, -1), corpus[1 : count + 1].reshape(batch, -1)
    for first in range(0, x.shape[1] // steps * steps, steps):
        yield x[:, first : first + steps].T, y[:, first : first + steps].T


def detached(state):
    if isinstance(state, tuple):
        return tuple(s.detach() for s in state)
    return None if state is None else state.detach()


def update(model):
    norm = torch.sqrt(sum((p.grad.float() ** 2).sum() for p in model.parameters()))
    with torch.no_grad():
        for parameter in model.parameters():
            if norm > 1:
                parameter.grad *= 1 / norm
            parameter -= parameter.grad


def epoch(model, corpus, loss_of, batch, steps, autocast):
    start, tokens, state = time.perf_counter(), 0, None
    for x, y in minibatches(corpus, batch, steps):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            logits, state = model(x, detached(state))
        for parameter in model.parameters():
            parameter.grad = None
        loss_of(logits.float(), y.reshape(-1)).backward()
        update(model)
        tokens += y.numel()
    return tokens / (time.perf_counter() - start)


def work_of(work, mode):
    """A function that trains an epoch and returns its speed."""
    loss_of = nn.CrossEntropyLoss()
    if work.startswith("lengths-"):
        lengths = torch.randint(5, 101, (SEQUENCES,))
        model, buckets = Tagger("packed" in work), work.endswith("buckets")
        return lambda: length_epoch(model, lengths, loss_of, buckets)
    layer, hidden, layers, batch, steps, vocabulary = (WORKS[work] + (BATCH, STEPS, VOCABULARY))[:6]
    corpus = torch.randint(vocabulary, (TOKENS,))
    model = Concise(layer, hidden, layers, vocabulary) if layer else Scratch(hidden)
    if mode == "bf16":
        model = model.bfloat16()
    return lambda: epoch(model, corpus, loss_of, batch, steps, mode == "autocast")


def main():
    work, seconds = sys.argv[1], float(sys.argv[2])
    mode = sys.argv[3] if len(sys.argv) > 3 else "f32"
    torch.manual_seed(1)
    run = work_of(work, mode)
    try:
        run()
    except RuntimeError as error:  # so PyTorch says that it has no such function for bf16
        if mode == "f32":
            raise
        print(error, file=sys.stderr)
        sys.exit(3)
    end, speeds = time.perf_counter() + seconds, []
    while not speeds or time.perf_counter() < end:
        speeds.append(run())
    print(f"{statistics.median(speeds):.0f}")


if __name__ == "__main__":
    main()
