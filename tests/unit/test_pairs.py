"""What bench/compare.py makes of pairs of measurements, fed with pairs that nobody measured."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from pairs import quartiles, reported_share, reported_times, share, times  # noqa: E402


class Pairs(unittest.TestCase):
    def test_steady(self):
        self.assertEqual(share([0.91, 0.88, 0.90, 0.89, 0.87]), "89 % (88-90)")
        self.assertEqual(times([30, 20, 40], [10, 10, 10]), "3.00 (2.50-3.50) noisy")
        self.assertEqual(times([19.8, 30, 20.2], [10, 15, 10]), "2.00 (1.99-2.01)")

    def test_quartiles_are_those_of_recur_bench(self):
        self.assertEqual(quartiles([4, 1, 3, 2]), (1.75, 2.5, 3.25))
        self.assertEqual(quartiles([3, 1]), (1.5, 2, 2.5))
        self.assertEqual(quartiles([0.5]), (0.5, 0.5, 0.5))

    def test_a_disturbed_pair_moves_nothing(self):
        self.assertEqual(share([0.9, 0.3, 0.9, 0.9, 0.9, 0.9, 6.85, 0.9]), "90 % (90-90)")
        self.assertEqual(share([0.9, None, 0.9, 0.9, 0.9]), "90 % (90-90)")

    def test_noise(self):
        self.assertEqual(share([0.4, 0.4, 0.45, 0.5, 0.5]), "45 % (40-50)")
        self.assertEqual(share([0.4, 0.4, 0.45, 0.501, 0.6]), "45 % (40-50) noisy")

    def test_more_than_there_is(self):
        for shares in [[1.5, 1.6, 6.85, 1.55, 1.52], [0.97, 0.98, 0.99, 1.01, 1.02], [None], [0.9, None, None]]:
            self.assertEqual(share(shares), "failed")
        self.assertEqual(share([0.97, 0.98, 0.99, 0.99, 1.02]), "99 % (98-99)")
        self.assertEqual(share([1, 1, 1]), "100 % (100-100)")

    def test_what_recur_bench_has_measured(self):
        result = {"share": 0.9, "share_quartiles": [0.88, 0.91], "ratio": 1.9, "ratio_quartiles": [1.5, 2.0]}
        self.assertEqual(reported_share(result, "share"), "90 % (88-91)")
        self.assertEqual(reported_times(result, "ratio"), "1.90 (1.50-2.00) noisy")
        self.assertEqual(reported_share({"share": None, "share_quartiles": [None, None]}, "share"), "failed")


if __name__ == "__main__":
    unittest.main()
