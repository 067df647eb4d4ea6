"""Statistics of pairs: two speeds that were measured one after the other, again and again.

They are those of `recur bench` (cli/bench/bench_ratio.h): the median of the pairs' ratios with the two
quartiles beside it; "noisy" where these differ by more than a quarter; and a share of a limit above
100 % is a failed measurement and never shown.
"""

import math

NOISY = 1.25  # the upper quartile divided by the lower one


def quartiles(ratios):
    """(lower quartile, median, upper quartile); each may lie between two of the ratios."""
    ratios = sorted(ratios)

    def quantile(part):
        place = part * (len(ratios) - 1)
        below = int(place)
        if place == below:
            return ratios[below]
        return ratios[below] + (place - below) * (ratios[below + 1] - ratios[below])

    return quantile(0.25), quantile(0.5), quantile(0.75)


def spread(low, median, high, form):
    """The median with both quartiles, each formatted, and whether they are noisy."""
    noisy = " noisy" if high > NOISY * low else ""
    return f"{form(median)} ({form(low)}-{form(high)}){noisy}"


def times(ours, theirs):
    """How many times as fast, over the pairs: "2.66 (2.60-2.71)"."""
    return spread(*quartiles([a / b for a, b in zip(ours, theirs)]), "{:.2f}".format)


def reported_times(result, name):
    """The same of a ratio that recur bench has measured."""
    low, high = result[f"{name}_quartiles"]
    return spread(low, result[name], high, "{:.2f}".format)


def share(shares):
    """A share of a limit: "88 % (87-89)". None is a measurement that failed by itself."""
    return share_text(*quartiles([math.inf if one is None else one for one in shares]))


def reported_share(result, name):
    """The same of a share that recur bench has measured."""
    if result[name] is None:
        return "failed"
    low, high = result[f"{name}_quartiles"]
    return share_text(low, result[name], high)


def share_text(low, median, high):
    if not high <= 1:
        return "failed"
    return spread(low, median, high, lambda one: f"{100 * one:.0f}").replace(" (", " % (", 1)
