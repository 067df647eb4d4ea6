"""What bench/scaling.py makes of times that nobody measured: the fit of its model, and tables."""

import math
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import scaling  # noqa: E402
import scaling_model as model  # noqa: E402

TRUE = {"o": 2e-4, "f": 1.6e-11, "u": 1.5e-9, "a": 8e-5, "p": 8e-10, "e": 0.94, "h": 0.1}


def measured():
    return [dict(point, seconds=model.seconds(point, TRUE)) for point in scaling.FITTED]


class Model(unittest.TestCase):
    def test_fit_finds_what_made_the_times(self):
        fit = model.fit_to(measured())
        for name, value in TRUE.items():
            self.assertAlmostEqual(fit[name] / value, 1, delta=0.05, msg=name)
        for point in scaling.CHECKED:
            self.assertAlmostEqual(model.seconds(point, fit) / model.seconds(point, TRUE), 1, delta=0.02)

    def test_one_rank_sends_nothing(self):
        alone = dict(scaling.FITTED[0], hosts=1)
        self.assertEqual(model.messages(alone, TRUE), 0)
        self.assertEqual(model.efficiency(alone, TRUE), 1)

    def test_bytes(self):
        """Two ranks at 1 Gb/s: each sends half of P floats, twice."""
        point = dict(scaling.FITTED[0], hosts=2, rate=1, delay=0, cores=None)
        fit = dict(TRUE, a=0, p=0, e=1)
        self.assertAlmostEqual(model.messages(point, fit), 4 * model.parameters(point) * 8 / 1e9)
        self.assertEqual(model.parameters(point), 4 * 512 * (28 + 512 + 2) + 28 * 513)

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
