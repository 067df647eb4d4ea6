"""Writes models that read one token at a time, KIND_HxL.onnx, for onnxruntime: peer_streams.py DIR."""

import sys
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

VOCABULARY = 28
MODELS = [(nn.RNN, 512, 1), (nn.GRU, 256, 1), (nn.LSTM, 256, 2), (nn.LSTM, 512, 2)]


class Step(nn.Module):
    def __init__(self, layer, hidden, layers):
        super().__init__()
        self.rnn = layer(VOCABULARY, hidden, layers)
        self.linear = nn.Linear(hidden, VOCABULARY)

    def forward(self, token, h, c):
        x = functional.one_hot(token, VOCABULARY).float()
        if isinstance(self.rnn, nn.LSTM):
            y, (h, c) = self.rnn(x, (h, c))
        else:
            y, h = self.rnn(x, h)
        return self.linear(y), h, c


def main():
    warnings.simplefilter("ignore")
    for layer, hidden, layers in MODELS:
        state = torch.zeros(layers, 1, hidden)
        torch.onnx.export(
            Step(layer, hidden, layers).eval(),
            (torch.zeros(1, 1, dtype=torch.long), state, state),
            str(Path(sys.argv[1]) / f"{layer.__name__.lower()}_{hidden}x{layers}.onnx"),
            opset_version=14,
            input_names=["x", "h", "c"],
            output_names=["y", "h2", "c2"],
        )


if __name__ == "__main__":
    main()
