"""What bench/scaling.py makes of times that nobody measured: the fit of its model, and tables."""

import math
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import scaling  # noqa: E402
import scaling_model as model  # noqa: E402

TRUE = {"o": 2e-4, "f": 1.6e-11, "u": 1.5e-9, "a": 8e-5, "p": 8e-10, "e": 0.94, "h": 0.3, "b": 1.2e-9}


def measured():
    return [dict(point, seconds=model.seconds(point, TRUE)) for point in scaling.FITTED]


class Model(unittest.TestCase):
    def test_fit_finds_what_made_the_times(self):
        fit = model.fit_to(measured(), TRUE["u"])
        for name, value in TRUE.items():
            self.assertAlmostEqual(fit[name] / value, 1, delta=0.05, msg=name)
        for point in scaling.CHECKED:
            self.assertAlmostEqual(model.seconds(point, fit) / model.seconds(point, TRUE), 1, delta=0.02)

    def test_one_rank_sends_nothing(self):
        alone = dict(scaling.FITTED[0], hosts=1)
        self.assertEqual(model.messages(alone, TRUE), (0, 0, 0))
        self.assertEqual(model.efficiency(alone, TRUE), 1)

    def test_bytes(self):
        """Two ranks at 1 Gb/s: each sends half of P floats, twice."""
        point = dict(scaling.FITTED[0], hosts=2, rate=1, delay=0, cores=None)
        fit = dict(TRUE, a=0, p=0, e=1)
        self.assertEqual(model.messages(point, fit)[0], 0)
        self.assertAlmostEqual(model.messages(point, fit)[2], 4 * model.parameters(point) * 8 / 1e9)
        self.assertEqual(model.parameters(point), 4 * 512 * (28 + 512 + 2) + 28 * 513)

    def test_delays(self):
        """Nine parcels go out in threes, four waits; a long message crosses the link three times, a short one once."""
        point = dict(scaling.FITTED[0], hosts=2, rate=1000, delay=10, cores=None)
        self.assertEqual([model.parcels(dict(point, hidden=hidden)) for hidden in (64, 256, 512, 1024)], [1, 2, 8, 16])
        self.assertAlmostEqual(model.messages(point, TRUE)[1], 4 * 3 * 0.01)
        self.assertAlmostEqual(model.messages(dict(point, hosts=16), TRUE)[1], 4 * 0.01)

    def test_relay(self):
        """All bytes of three hosts pass through one program, while the links pass them on: the slower one counts."""
        point = dict(scaling.FITTED[0], hosts=3, rate=100, delay=1, cores=2)
        self.assertAlmostEqual(model.messages(point, TRUE)[2], 3 * TRUE["b"] * 2 * 2 / 3 * 4 * model.parameters(point))
        for without in (dict(point, rate=1), dict(point, cores=None)):
            self.assertEqual(model.messages(without, TRUE)[2], model.messages(dict(without, delay=0), TRUE)[2])

    def test_shared_cores(self):
        """Three ranks on two cores have 8, 8 and 16 sequences: the last one goes on alone after 12 of 20 turns."""
        three = dict(scaling.FITTED[0], hosts=3, cores=2)
        self.assertEqual([model.sequences(dict(three, hosts=hosts)) for hosts in (1, 2, 3, 4)], [32, 16, 20, 16])
        self.assertEqual(model.sequences(dict(three, cores=None)), 16)

    def test_what_hides(self):
        """Of delays all that the passes have room for, of bytes a share, of the cores' time nothing."""
        point = dict(scaling.FITTED[0], hosts=2, rate=1000, delay=0.1, cores=None)
        core, delays, wires = model.messages(point, TRUE)
        room = model.window(point) * model.arithmetic(point, TRUE)[0]
        self.assertLess(delays + wires, TRUE["h"] * room)
        self.assertEqual(model.seconds(point, TRUE), sum(model.arithmetic(point, TRUE)) + core)
        late, slow = dict(point, delay=100), dict(point, rate=0.1, delay=0)
        for one, share in ((late, 1), (slow, TRUE["h"])):
            _, delays, wires = model.messages(one, TRUE)
            self.assertAlmostEqual(model.hidden(one, TRUE, delays, wires), share * room)

    def test_nothing_hides(self):
        """Where another rank takes the core, and behind a mean of the parameters, which is made after all passes."""
        point = dict(scaling.FITTED[0], hosts=4, rate=1, delay=1, cores=4)
        self.assertGreater(model.hidden(point, TRUE, 1, 1), 0)
        for other in (dict(point, cores=2), dict(point, options=["--sync-every", "8"])):
            self.assertEqual(model.hidden(other, TRUE, 1, 1), 0)

    def test_what_lies_below_the_first_parcel(self):
        """Of two equal layers two products of three: what the upper one sends down, and the lower one. A large head comes first."""
        point = dict(scaling.FITTED[0], hosts=2)
        two, large = dict(point, layers=2, vocabulary=0), dict(point, vocabulary=10000)
        self.assertAlmostEqual(model.window(point), (1 - 1 / model.parcels(point)) / 3)
        self.assertAlmostEqual(model.window(two), (1 - 1 / model.parcels(two) + 2 / 3) / 3)
        self.assertAlmostEqual(model.window(large), (1 - 1 / model.parcels(large) + 4 * 512 / (4 * 512 + 10000)) / 3)

    def test_options(self):
        point = dict(scaling.FITTED[0], hosts=8, rate=1, delay=0, cores=None)
        slow = model.efficiency(point, TRUE)
        for options in (["--reduce-precision", "bf16"], ["--accumulate", "4"], ["--sync-every", "8"]):
            self.assertGreater(model.efficiency(dict(point, options=options), TRUE), slow)

    def test_most_machines(self):
        point = dict(scaling.FITTED[0], delay=0, cores=None, weak=32)
        few = model.most_machines(dict(point, rate=10), TRUE)
        self.assertLess(few, model.most_machines(dict(point, rate=100, hidden=2048), TRUE))
        self.assertTrue(few == 0 or math.log2(few).is_integer())


PAGE = """# Page

<!-- bench/scaling.py: ranks -->

| | tokens/s | ratio |
|---|---|---|
| one rank | ? | ? |
| two ranks | ? | ? |

End | of | page
"""


class Tables(unittest.TestCase):
    def test_cells_are_filled_in(self):
        page = scaling.fill(PAGE, {"ranks": [["100", "1"], ["190", "1.90"]]})
        self.assertIn("| one rank | 100 | 1 |\n| two ranks | 190 | 1.90 |\n\nEnd | of | page", page)

    def test_rows_must_agree(self):
        with self.assertRaises(SystemExit):
            scaling.fill(PAGE, {"ranks": [["100", "1"]]})

    def test_what_was_not_measured_stays(self):
        self.assertEqual(scaling.fill(PAGE, {}), PAGE)


if __name__ == "__main__":
    unittest.main()
