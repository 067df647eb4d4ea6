"""recur beside PyTorch on a GPU: gpu_pairs.py GPU_WORK. A line for each work: PASS or FAIL, the ratio.

Both keep their works planned and measure them in turns; the ratio is the median over the pairs, PyTorch's
time divided by recur's. Of layers it is the time on the GPU, by events; of a minibatch that of the whole
call, copies and waiting included. Where there is no GPU or no PyTorch of at least 2.0 with CUDA, a small
trial on the CPU shows that the script works; its ratios mean nothing.
"""

import statistics
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

GPU = torch.cuda.is_available()
DEVICE = "cuda" if GPU else "cpu"
BATCH, STEPS, LONGEST, BOOK_STEPS, CHARACTERS = 32, 128, 100, 35, 28
PAIRS, PASSES = (9, 20) if GPU else (1, 1)
LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Recur:
    """A work that gpu_work keeps planned; each turn takes some passes."""

    def __init__(self, program, kind, cell, shape, precision, device):
        command = [program, "serve", kind, cell, shape, precision, device]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def turn(self, passes):
        """Milliseconds on the GPU, and of the whole call."""
        self.process.stdin.write(f"{passes}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if len(answer) != 2:
            raise RuntimeError("gpu_work ended")
        return tuple(map(float, answer))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(work, passes):
    """The median time of `work` in milliseconds, by events."""
    times = []
    for _ in range(passes):
        if GPU:
            events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
            events[0].record()
            work()
            events[1].record()
            torch.cuda.synchronize()
            times.append(events[0].elapsed_time(events[1]))
        else:
            begun = time.perf_counter()
            work()
            times.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(times)


def layers(cell, depth, hidden, dtype, tf32=True, lengths=None):
    """Forward and backward through layers, all gradients."""
    steps = LONGEST if lengths else STEPS
    net = LAYERS[cell](hidden, hidden, depth).to(DEVICE, dtype)
    x = torch.rand(steps, BATCH, hidden, device=DEVICE, dtype=dtype, requires_grad=True)
    dy = torch.rand(steps, BATCH, hidden, device=DEVICE, dtype=dtype)
    packed_dy = pack_padded_sequence(dy, lengths, enforce_sorted=False).data if lengths else None

    def work():
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
        net.zero_grad(set_to_none=True)
        x.grad = None
        if lengths:
            y, _ = net(pack_padded_sequence(x, lengths, enforce_sorted=False))
            y.data.backward(packed_dy)
        else:
            net(x)[0].backward(dy)

    return work


def minibatch(depth, hidden, graph):
    """An update of a language model of characters: one-hot input, clipping, fused Adam."""
    net = nn.LSTM(CHARACTERS, hidden, depth).to(DEVICE)
    head = nn.Linear(hidden, CHARACTERS).to(DEVICE)
    parameters = [*net.parameters(), *head.parameters()]
    fused = {"fused": True, "capturable": graph} if GPU else {}
    optimizer = torch.optim.Adam(parameters, lr=0.002, **fused)
    ids = torch.randint(CHARACTERS, (BOOK_STEPS + 1, BATCH), device=DEVICE)
    state = tuple(torch.zeros(depth, BATCH, hidden, device=DEVICE) for _ in range(2))

    def work():
        inputs = functional.one_hot(ids[:-1], CHARACTERS).float()
        outputs, _ = net(inputs, state)
        logits = head(outputs.reshape(-1, hidden))
        loss = functional.cross_entropy(logits, ids[1:].reshape(-1))
        optimizer.zero_grad(set_to_none=not graph)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()

    if not graph:
        return work
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        work()
    return captured.replay


def lengths_of_work():
    return [5 + b * 37 % (LONGEST - 4) for b in range(BATCH)]


class Row:
    """A line of the result: recur's work, PyTorch's works (the fastest counts), what is asked of the ratio."""

    def __init__(self, name, recur, peers, least, whole=False, steps=STEPS):
        self.name, self.recur, self.peers = name, recur, peers
        self.least, self.whole, self.steps = least, whole, steps


def layer_rows():
    half = torch.float16 if GPU else torch.float32
    brain = torch.bfloat16 if GPU else torch.float32
    for hidden in (256, 512) if GPU else (8,):
        shape = f"1x{hidden}"
        for cell in LAYERS:
            peers = {
                "TF32": lambda c=cell, h=hidden: layers(c, 1, h, torch.float32),
                "bf16": lambda c=cell, h=hidden: layers(c, 1, h, brain),
            }
            yield Row(f"{cell} {hidden} bf16, layers", ("layers", cell, shape, "bf16", "cuda"), peers, 2)
            peers = {"f32": lambda c=cell, h=hidden: layers(c, 1, h, torch.float32, tf32=False)}
            yield Row(f"{cell} {hidden} f32, layers", ("layers", cell, shape, "f32", "cuda"), peers, 2)
        peers = {"fp16": lambda h=hidden: layers("lstm", 1, h, half)}
        yield Row(f"lstm {hidden} bf16, fp16", ("layers", "lstm", shape, "bf16", "cuda"), peers, 1.3)
        peers = {"packed": lambda h=hidden: layers("lstm", 1, h, torch.float32, lengths=lengths_of_work())}
        yield Row(
            f"lstm {hidden} f32, lengths", ("lengths", "lstm", shape, "f32", "cuda"), peers, 4, steps=LONGEST
        )


def other_rows():
    books = {"d2l-lstm": (1, 256), "lstm-2x512": (2, 512)} if GPU else {"d2l-lstm": (1, 8)}
    for name, (depth, hidden) in books.items():
        peers = {"fused Adam": lambda d=depth, h=hidden: minibatch(d, h, False)}
        if GPU:
            peers["graph"] = lambda d=depth, h=hidden: minibatch(d, h, True)
        for precision in ("f32", "bf16"):
            work = ("minibatch", "lstm", f"{depth}x{hidden}", precision, "cuda")
            yield Row(f"{name} {precision}, minibatch", work, peers, 2, whole=True, steps=BOOK_STEPS)
    if GPU:
        for cell in LAYERS:
            peers = {"bf16": lambda c=cell: layers(c, 1, 1024, torch.bfloat16)}
            yield Row(f"{cell} 1024 bf16, layers", ("layers", cell, "1x1024", "bf16", "cuda"), peers, None)


def limits(program, row):
    """Prints in which kernels recur's time goes."""
    command = [program, "profile", *row.recur]
    try:
        said = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return
    for line in (said.stdout + said.stderr).splitlines():
        print(f"    {line}", flush=True)


def made(peers):
    """PyTorch's works that run here, warm; what does not run is said."""
    works = {}
    for name, make in peers.items():
        try:
            work = make()
            timed(work, PASSES)
            works[name] = work
        except RuntimeError as failure:
            print(f"    PyTorch's {name} does not run: {str(failure).splitlines()[0]}", flush=True)
    return works


def verdict(good):
    return "TRIAL" if not GPU else "PASS" if good else "FAIL"


def measure(program, row):
    """Prints the row's line; says whether it passed."""
    begun = time.perf_counter()
    recur = Recur(program, *row.recur)
    try:
        recur.turn(1)
        first = time.perf_counter() - begun
        recur.turn(PASSES)
        works = made(row.peers)
        if not works:
            print(f"SKIP {row.name}: PyTorch has nothing to compare it with", flush=True)
            return True
        best = min(works, key=lambda name: timed(works[name], PASSES))
        ours, theirs, ratios = [], [], []
        for _ in range(PAIRS):
            ours.append(recur.turn(PASSES)[1 if row.whole else 0])
            theirs.append(timed(works[best], PASSES))
            ratios.append(theirs[-1] / ours[-1] if ours[-1] else float("nan"))
    finally:
        recur.close()
    ratio = statistics.median(ratios)
    good = row.least is None or ratio >= row.least
    bound = f"at least {row.least}" if row.least else "no bound"
    print(
        f"{verdict(good)} {row.name}: {ratio:.2f} times PyTorch's {best} ({bound}); "
        f"{statistics.median(ours) * 1e3 / row.steps:.2f} us per step, "
        f"PyTorch {statistics.median(theirs) * 1e3 / row.steps:.2f}; {first:.2f} s to the first minibatch",
        flush=True,
    )
    if not good:
        limits(program, row)
    return good


def beside_cpu(program):
    """LSTM 512 in f32, on the GPU and on this machine's CPU."""
    shape = "1x512" if GPU else "1x8"
    sides = [Recur(program, "layers", "lstm", shape, "f32", device) for device in ("cuda", "cpu")]
    passes = 5 if GPU else 1
    for side in sides:
        side.turn(1)
    ratios = []
    for _ in range(PAIRS):
        ours, theirs = (side.turn(passes)[1] for side in sides)
        ratios.append(theirs / ours)
    for side in sides:
        side.close()
    ratio = statistics.median(ratios)
    print(f"{verdict(ratio >= 10)} lstm 512 f32: {ratio:.1f} times recur on the CPU (at least 10)")
    return ratio >= 10


def main():
    program = sys.argv[1]
    name = torch.cuda.get_device_name() if GPU else "no GPU: a trial, whose ratios mean nothing"
    print(f"PyTorch {torch.__version__}, {name}", flush=True)
    good = True
    for row in [*layer_rows(), *other_rows()]:
        try:
            good &= measure(program, row)
        except (RuntimeError, BrokenPipeError) as failure:
            print(f"FAIL {row.name}: {str(failure).splitlines()[0]}", flush=True)
            good = False
    try:
        good &= beside_cpu(program)
    except (RuntimeError, BrokenPipeError) as failure:
        print(f"FAIL lstm 512 f32 beside recur on the CPU: {failure}", flush=True)
        good = False
    return 0 if good or not GPU else 1


if __name__ == "__main__":
    sys.exit(main())
