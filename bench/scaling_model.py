"""The time of an update on N ranks: docs/scaling.md explains the equation. Fitted to runs, it foretells others.

    T = C + S + D + W - H                   seconds; of the last minibatch of an update
    C = o + f F r + u P                     arithmetic of r sequences of a rank, and the update
    S = 2 (N - 1) q a + V p                 what messages of q parcels, V bytes both ways, take of the rank's core
    D = n w d                               how long a rank waits for links with a delay of d
    W = V max(8 / (e R), N b)               and for bytes, on links of R bits/s
    H = min(D, G) + min(W, h (G - min(D, G)))       of that, what the passes hide
    G = g f F r                             the part of the passes that comes after the first parcel

g is the share of the gradients of all other parcels, and of back-propagation through what lies below the first. n is how often a rank
waits for messages (src/ranks/sum.c): once for the first parcels, then once for each so many further ones. w is 1 where a message leaves
at once and 3 where it is longer than EAGER: then Open MPI asks whether the other is ready, and waits for the answer. A delay needs nobody,
so the passes hide it whole; bytes need the core that computes, so they hide a share h. Where a relay makes the delay, all bytes pass
through this one program, N b for a byte of a rank; where none does, b is 0.

Ranks that share cores take turns: r, u, p and a grow accordingly, and nothing hides, because the others have what one rank leaves.

A point says hosts (N), rate (R, Gb/s; None: the processor's), delay (d, ms), hidden, options and cores: how many
all its ranks share; None: each has its own.
"""

import math

BATCH, STEPS, BLOCKS, VOCABULARY = 32, 35, 4, 28
EAGER = 65536  # bytes, Open MPI's btl_tcp_eager_limit
# Of src/ranks/sum.c: parcels on their way at once (one more than LAG), numbers of a parcel and of a message, at least, and
# parcels at most. Of gradients: numbers side by side, and panels of gates that are computed together.
TOGETHER, LEAST, MESSAGE, MOST, LANES, GATES = 3, 131072, 4096, 31, 32, 8
# What is fitted, and where a fit begins; u is measured.
NAMES = ["o", "f", "a", "p", "e", "h", "b"]
START = {"o": 1e-4, "f": 2e-11, "a": 5e-5, "p": 1e-9, "e": 0.9, "h": 0.1, "b": 1e-9}


def parameters(point):
    """P of an LSTM of one layer, or of as many as the point says."""
    hidden, layers, vocabulary = point["hidden"], point.get("layers", 1), point.get("vocabulary", VOCABULARY)
    return 4 * hidden * (vocabulary + hidden + 2 + (layers - 1) * (2 * hidden + 2)) + vocabulary * (hidden + 1)


def operations(point):
    """F: floating-point operations of a sequence, forward and backward (the one-hot input is a look-up)."""
    hidden, layers, vocabulary = point["hidden"], point.get("layers", 1), point.get("vocabulary", VOCABULARY)
    return 6 * STEPS * (4 * hidden * hidden * (2 * layers - 1) + hidden * vocabulary)


def window(point):
    """g. Forward, backward and gradients take a third each. The first parcel is complete with the gates of the top layer, or with
    the head where that fills one. Below a layer lie what it sends to its inputs, and the layers below."""
    hidden, layers, vocabulary = point["hidden"], point.get("layers", 1), point.get("vocabulary", VOCABULARY)
    head, recurrent, others = hidden * vocabulary, 4 * hidden * hidden, 4 * hidden * hidden * 2 * (layers - 1)
    below = others + (recurrent if fills(point) else 0)
    return (1 - 1 / parcels(point) + below / (head + recurrent + others)) / 3


def panels(point):
    """How many parts of the gradients become ready one after the other, and of how many numbers: the head's, then those of the
    layers from the last one down. The first layer's input is rows of a table, which are none of them."""
    hidden, layers, vocabulary = point["hidden"], point.get("layers", 1), point.get("vocabulary", VOCABULARY)
    gates = math.ceil(4 * math.ceil(hidden / LANES) / GATES)
    runs = [(math.ceil(vocabulary / LANES), LANES * (hidden + 1))]
    return runs + [(gates, GATES * LANES * (hidden * (2 if layer else 1) + 2)) for layer in range(layers - 1, -1, -1)]


def least_of(point):
    """How many numbers a parcel has, at least."""
    return max(sum(count * size for count, size in panels(point)) / MOST, LEAST, MESSAGE * point["hosts"])


def fills(point):
    """Whether the head fills a parcel, which then travels before back-propagation goes through any layer."""
    count, size = panels(point)[0]
    return count * size >= least_of(point)


def parcels(point):
    """q: in so many parcels gradients travel (src/backend/cpu/parcels.c)."""
    least = least_of(point)
    closed, numbers = 0, 0
    for count, size in panels(point):
        for _ in range(count):
            numbers += size
            if numbers >= least:
                closed, numbers = closed + 1, 0
    return closed + (numbers > 0)


def waits(point):
    """n: in turns the sums of some parcels go out with the totals of those before. Rows of tables are one parcel more."""
    return 2 if "--sync-every" in point["options"] else 1 + math.ceil((parcels(point) + 1) / TOGETHER)


def option(point, name, default):
    """The number behind an option of the point."""
    words = point["options"]
    return float(words[words.index(name) + 1]) if name in words else default


def blocks_of(rank, ranks):
    return BLOCKS * (rank + 1) // ranks - BLOCKS * rank // ranks


def sequences(point):
    """r: of the rank that has most; where ranks share cores, as many as a core of its own would do until the last rank is done.
    All have equal shares, and what one leaves is the others'."""
    if point.get("weak"):  # a rank has so many, whatever the number of ranks
        return point["weak"]
    ranks, time, done = point["hosts"], 0, 0
    for finished, blocks in enumerate(sorted(blocks_of(rank, ranks) for rank in range(ranks))):
        time += (blocks - done) * max(1, (ranks - finished) / (point["cores"] or ranks))
        done = blocks
    return time * BATCH / BLOCKS


def crowd(point):
    """How many ranks share a core."""
    return max(1, point["hosts"] / point["cores"]) if point["cores"] else 1


def arithmetic(point, fit):
    once = fit["f"] * operations(point) * sequences(point) / point.get("speed", 1)
    update = fit["o"] + fit["u"] * parameters(point) / point.get("speed", 1)
    return once * option(point, "--accumulate", 1), crowd(point) * update


def messages(point, fit):
    """S, D and W."""
    ranks = point["hosts"]
    if ranks == 1:
        return 0.0, 0.0, 0.0
    whole = 4 * parameters(point) * (0.5 if "bf16" in point["options"] else 1)
    sent = 2 * (ranks - 1) / ranks * whole
    core = crowd(point) * (2 * (ranks - 1) * parcels(point) * fit["a"] + sent * fit["p"])
    delays = waits(point) * (3 if whole / parcels(point) / ranks > EAGER else 1) * 1e-3 * point["delay"]
    link = 8 / (fit["e"] * point["rate"] * 1e9) if point["rate"] else 0
    relay = ranks * fit["b"] if point["cores"] and point["delay"] else 0
    every = option(point, "--sync-every", 1)
    return core / every, delays / every, sent * max(link, relay) / every


def hidden(point, fit, delays, wires):
    """H. A mean of the parameters is made after all passes, so nothing of it hides."""
    if "--sync-every" in point["options"] or crowd(point) > 1:
        return 0.0
    passes = arithmetic(point, fit)[0] / option(point, "--accumulate", 1)
    room = window(point) * passes
    behind = min(delays, room)
    return behind + min(wires, fit["h"] * (room - behind))


def seconds(point, fit):
    """T of a minibatch: of an update, or of its part where --accumulate gives it several."""
    core, delays, wires = messages(point, fit)
    waiting = delays + wires - hidden(point, fit, delays, wires)
    return (sum(arithmetic(point, fit)) + core + waiting) / option(point, "--accumulate", 1)


def efficiency(point, fit):
    """How much of its time a rank spends on what one rank alone would, with as many sequences."""
    passes, update = arithmetic(point, fit)
    return (passes + update) / option(point, "--accumulate", 1) / seconds(point, fit)


def solve(matrix, right):
    """Gauss's elimination, the largest pivot first."""
    rows = [[*row, value] for row, value in zip(matrix, right)]
    size = len(rows)
    for i in range(size):
        pivot = max(range(i, size), key=lambda row: abs(rows[row][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for j in range(size):
            if j != i:
                factor = rows[j][i] / rows[i][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i])]
    return [row[size] / row[i] for i, row in enumerate(rows)]


def least_squares(residuals, at, rounds=200, step=1e-5):
    """Where the sum of the residuals' squares is least, by Levenberg's and Marquardt's method (1963)."""
    damp, here = 1e-2, residuals(at)
    for _ in range(rounds):
        moved = [residuals([x + step * (i == j) for j, x in enumerate(at)]) for i in range(len(at))]
        slopes = [[(there - now) / step for there, now in zip(column, here)] for column in moved]
        right = [-sum(slope * now for slope, now in zip(column, here)) for column in slopes]
        normal = [[sum(a * b for a, b in zip(one, other)) for other in slopes] for one in slopes]
        for i, row in enumerate(normal):
            row[i] += damp * (row[i] + 1e-9)
        tried = [x + max(-1, min(1, move)) for x, move in zip(at, solve(normal, right))]
        there = residuals(tried)
        if sum(x * x for x in there) < sum(x * x for x in here):
            at, here, damp = tried, there, damp / 3
        else:
            damp *= 4
    return at


def named(logarithms, update):
    """u and the constants that were fitted, which are positive, e and h at most 1."""
    fit = {name: math.exp(min(value, 50)) for name, value in zip(NAMES, logarithms)}
    return dict(fit, u=update, e=min(fit["e"], 1.0), h=min(fit["h"], 1.0))


def fit_to(points, update):
    """The constants whose times differ least from those of the points, by the squares of logarithms; u is `update`."""

    def residuals(logarithms):
        fit = named(logarithms, update)
        return [math.log(seconds(point, fit) / point["seconds"]) for point in points]

    return named(least_squares(residuals, [math.log(START[name]) for name in NAMES]), update)


def most_machines(point, fit, least=0.8):
    """The largest number of ranks, a power of two up to 1 024, that keeps so much efficiency; 0: not even two."""
    found = 0
    for power in range(1, 11):
        if efficiency(dict(point, hosts=2**power), fit) >= least:
            found = 2**power
    return found
