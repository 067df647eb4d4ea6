#!/usr/bin/env python3
"""tests/cli/explain.py [PATH] < JSON: computes the numbers of `recur explain --json` anew, in double precision and by other
ways (gradients by central differences), and prints what differs. For small networks. With PATH, keys and places as in
backward.norm, that number is spoilt first."""
import json
import math
import sys

E = json.load(sys.stdin)
if len(sys.argv) > 1:
    *path, last = (int(key) if key.isdigit() else key for key in sys.argv[1].split("."))
    spoilt = E
    for key in path:
        spoilt = spoilt[key]
    spoilt[last] = spoilt[last] + 1 if isinstance(spoilt[last], int) else spoilt[last] * 1.001 + 1e-4
S, F, B = E["settings"], E["forward"], E["backward"]
TENSORS = {tensor["name"]: tensor for tensor in E["network"]["tensors"]}
T, N = S["steps"], S["batch"]
LAYERS = range(len(S["hidden"]))
sigma = lambda a: 1 / (1 + math.exp(-a))
FUNCTIONS = {"tanh": math.tanh, "relu": lambda a: max(0, a), "sigmoid": sigma}


def check(what, found, expected, tolerance=2e-6):
    """Compares numbers, or lists of lists of them."""
    if isinstance(expected, (list, tuple)):
        if len(found) != len(expected):
            print(f"{what}: {len(found)} items, not {len(expected)}")
        for i, pair in enumerate(zip(found, expected)):
            check(f"{what}[{i}]", *pair, tolerance)
    elif not abs(found - expected) <= tolerance * max(1, abs(expected)):
        print(f"{what}: {found}, not {expected}")


def times(name, p, x, bias):
    """x Wᵀ + b."""
    columns = len(x)
    offset = p.get(bias, [0] * (len(p[name]) // columns))
    return [b + sum(w * v for w, v in zip(p[name][i * columns :], x)) for i, b in enumerate(offset)]


def cell(p, layer, x, h, c):
    """The new h and c, and the sums and gates of each unit."""
    ih = times(f"rnn.weight_ih_l{layer}", p, x, f"rnn.bias_ih_l{layer}")
    hh = times(f"rnn.weight_hh_l{layer}", p, h, f"rnn.bias_hh_l{layer}")
    H = len(h)
    cut = lambda row: [row[i : i + H] for i in range(0, len(row), H)]
    sums = cut([a + b for a, b in zip(ih, hh)])
    if S["cell"] == "rnn":
        gates = [[FUNCTIONS[S["activation"]](a) for a in sums[0]]]
        return gates[0], c, cut(hh), sums, gates
    if S["cell"] == "lstm":
        i, f, g, o = gates = [
            [math.tanh(a) if gate == 2 else sigma(a) for a in row] for gate, row in enumerate(sums)
        ]
        c = [f[j] * c[j] + i[j] * g[j] for j in range(H)]
        return [o[j] * math.tanh(c[j]) for j in range(H)], c, cut(hh), sums, gates
    r, z = ([sigma(a) for a in row] for row in sums[:2])
    if S["cell"] == "gru":
        m = hh[2 * H :]
        sums[2] = [ih[2 * H + j] + r[j] * m[j] for j in range(H)]
    else:
        q = [r[j] * h[j] for j in range(H)]
        hh[2 * H :] = times(f"rnn.weight_hh_l{layer}", p, q, f"rnn.bias_hh_l{layer}")[2 * H :]
        sums[2] = [ih[2 * H + j] + hh[2 * H + j] for j in range(H)]
    n = [math.tanh(a) for a in sums[2]]
    return [(1 - z[j]) * n[j] + z[j] * h[j] for j in range(H)], c, cut(hh), sums, [r, z, n]


def step(p, b, t, h, c):
    """One step of sequence b: new states of all layers, the first layer's trace, logits."""
    V = E["dictionary"]["size"]
    x = [float(v == F["x"][t][b]) for v in range(V)]
    if "embedding.weight" in p:
        width = S["embedding"]
        x = p["embedding.weight"][F["x"][t][b] * width :][:width]
    h, c, trace = list(h), list(c), None
    for layer in LAYERS:
        h[layer], c[layer], *found = cell(p, layer, x, h[layer], c[layer])
        trace = trace or found
        x = h[layer]
    return h, c, trace, times("linear.weight", p, x, "linear.bias")


def softmax(y):
    e = [math.exp(v - max(y)) for v in y]
    return [v / sum(e) for v in e]


ZERO = [[0.0] * width for width in S["hidden"]]


def losses(p, b, h=ZERO, c=ZERO, first=0):
    """-ln p of each target of sequence b from step `first` on."""
    out = []
    for t in range(first, T):
        h, c, _, y = step(p, b, t, h, c)
        out.append(-math.log(softmax(y)[F["y"][t][b]]))
    return out


def mean(p):
    return sum(sum(losses(p, b)) for b in range(N)) / (T * N)


def slope(numbers, i, f, by=1e-5):
    old = numbers[i]
    numbers[i] = old + by
    above = f()
    numbers[i] = old - by
    below = f()
    numbers[i] = old
    return (above - below) / (2 * by)


def norm(numbers):
    return math.sqrt(sum(v * v for v in numbers))


before = {name: [float(v) for v in tensor["before"]] for name, tensor in TENSORS.items()}
after = {name: tensor["after"] for name, tensor in TENSORS.items()}
states = lambda key, t, b: [layer.get(key, F["layers"][l]["h"])[t][b] for l, layer in enumerate(F["layers"])]

# The text: its ids, and where minibatches take them from.
entries = [entry["token"] for entry in E["dictionary"]["entries"]]
line = E["text"]["first_lines"][0]
check("ids", line["ids"], [entries.index(token) for token in line["tokens"]])
counts = [entry["count"] for entry in E["dictionary"]["entries"]][1:]
check("counts fall", counts, sorted(counts, reverse=True))
if E["text"]["lines"] == 1 and not line["cut"]:
    check("counts", counts, [line["tokens"].count(token) for token in entries[1:]])
    for sampling, kept in E["minibatches"].items():
        for m in kept["first"]:
            for key, more in ("x", 0), ("y", 1):
                taken = [[line["ids"][(at + more) % len(line["ids"])] for at in row] for row in m["position"]]
                check(f"{sampling} {key}", m[key], taken)
                check(f"{sampling} tokens", [[entries.index(v) for v in row] for row in m[key + "_tokens"]], m[key])
own = E["minibatches"][S["sampling"]]["first"][0]
check("minibatch", [F["x"], F["y"]], [own["x"], own["y"]])

# Forward.
for b in range(N):
    h, c = ZERO, ZERO
    for t in range(T):
        h, c, trace, y = step(before, b, t, h, c)
        check(f"h after step {t}", states("h", t + 1, b), h)
        if S["cell"] == "lstm":
            check(f"c after step {t}", states("c", t + 1, b), c)
        check(f"logits {t}", F["logits"][t][b], y)
        check(f"p {t}", F["probability"][t][b], softmax(y))
        for key, numbers in zip(("recurrent", "sum", "gate"), trace if b == 0 else ()):
            check(f"{key} {t}", E["step"][key][t], numbers)
check("loss", F["loss"], mean(before))
check("ln V", [F["ln_V"], F["perplexity"]], [math.log(E["dictionary"]["size"]), math.exp(F["loss"])])

# Backward: of parameters, and of the states that each step reads.
for name, tensor in TENSORS.items():
    found = [slope(before[name], i, lambda: mean(before)) for i in range(len(before[name]))]
    check(f"gradient of {name}", tensor["gradient"], found)
    check(f"its norm, {name}", tensor["gradient_norm"], norm(found))
for t in range(T):
    for key in ("h", "c") if S["cell"] == "lstm" else "h":
        for l in LAYERS:
            every, last = [], []
            for b in range(N):
                h, c = ([list(v) for v in states(k, t, b)] for k in "hc")
                moved = (h if key == "h" else c)[l]
                for i in range(len(moved)):
                    every.append(slope(moved, i, lambda: sum(losses(before, b, h, c, t)) / (T * N)))
                    last.append(slope(moved, i, lambda: losses(before, b, h, c, t)[-1] / N))
            norms = B["layers"][l]
            check(f"d{key} {t}", [norms["all_losses"][key][t], norms["last_loss"][key][t]], [norm(every), norm(last)])

# Clipping and the update.
total = norm([tensor["gradient_norm"] for tensor in TENSORS.values()])
scale = min(1, S["clip"] / total) if S["clip"] else 1
check("clipping", [B["norm"], B["scale"], B["norm_after"]], [total, scale, total * scale])
if S["optimizer"] == "sgd":
    for name, tensor in TENSORS.items():
        moved = [p - S["lr"] * scale * g for p, g in zip(tensor["before"], tensor["gradient"])]
        check(f"updated {name}", tensor["after"], moved)
check("loss after", B["loss_after"], mean(after))

# The trainer's first minibatch is this one.
check("first loss", E["training"]["loss"][0], F["loss"], 0)
last = F["probability"][-1][0]
for guess in E["prediction"]["untrained"]["next"]:
    check(f"guess {guess['token']}", guess["probability"], last[guess["id"]])
check("best guess", E["prediction"]["untrained"]["next"][0]["probability"], max(last))
