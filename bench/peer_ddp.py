"""Trains LSTM 512 with PyTorch's DistributedDataParallel over gloo, one thread a rank:
peer_ddp.py RANKS EPOCHS. Prints tokens per second of all ranks together, the median of the epochs after the first.

The work is that of peer_torch.py's lstm-512: minibatches of 32 x 35 one-hot characters out of 10 000, the
state carried over; each rank has its sequences of each minibatch. A step is forward, loss, backward
with the sum over ranks in it, clipping of the global norm, and a step of SGD.
"""

import os
import statistics
import sys
import tempfile
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from peer_torch import BATCH, STEPS, TOKENS, VOCABULARY, WORKS, Concise, detached, minibatches, update
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def epoch(model, corpus, loss_of, rank, ranks):
    start, tokens, state = time.perf_counter(), 0, None
    first, last = BATCH * rank // ranks, BATCH * (rank + 1) // ranks
    for x, y in minibatches(corpus, BATCH, STEPS):
        logits, state = model(x[:, first:last], detached(state))
        for parameter in model.parameters():
            parameter.grad = None
        loss_of(logits, y[:, first:last].reshape(-1)).backward()
        update(model)
        tokens += y.numel()
    return tokens / (time.perf_counter() - start)


def be_rank(rank, ranks, epochs, meeting):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=ranks)
    torch.manual_seed(1)
    corpus = torch.randint(VOCABULARY, (TOKENS,))
    model = DistributedDataParallel(Concise(*WORKS["lstm-512"], VOCABULARY))
    loss_of = nn.CrossEntropyLoss()
    speeds = [epoch(model, corpus, loss_of, rank, ranks) for _ in range(epochs)]
    if rank == 0:
        print(f"{statistics.median(speeds[1:]):.0f}", flush=True)
    dist.destroy_process_group()


def main():
    ranks, epochs = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(be_rank, (ranks, epochs, os.path.join(folder, "meeting")), nprocs=ranks)


if __name__ == "__main__":
    main()
