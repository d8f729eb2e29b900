"""python3 -m unittest discover -s training/tests"""
import os
import sys
import unittest

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lway import camera, degradation as D


def width(kernel):
    at = torch.arange(kernel.shape[0]) - (kernel.shape[0] - 1) / 2
    return float((kernel.sum(0) * at ** 2).sum() ** 0.5)


class Kernels(unittest.TestCase):
    def setUp(self):
        k = torch.from_numpy(D.gaussian_kernel(15, 1.6, 2.2, 0.5))
        self.plan = {"scale": 3, "kernel": None, "resize": "response", "response": k, "two_step": None, "noise": None, "sharpen": None, "jpeg": []}

    def test_estimated_from_a_pair(self):
        hr = torch.rand(3, 180, 180, generator=torch.Generator().manual_seed(1))
        kernel, missed = camera.estimate(hr, D.reduce_plan(hr, self.plan), smooth=1e-7)
        self.assertLess(float((kernel - self.plan["response"]).abs().max()), 1e-3)
        self.assertLess(missed, 1e-3)

    def test_a_plan_with_a_kernel_responds_with_it(self):
        self.assertLess(float((D.response(self.plan) - self.plan["response"]).abs().max()), 1e-6)

    def test_stretched_keeps_its_place_and_sum(self):
        k = self.plan["response"]
        for scale, factor in ((3, 1), (4, 1), (4, 1.3)):
            s = camera.stretched(k, scale, factor)
            self.assertEqual(s.shape, (5 * scale, 5 * scale))
            self.assertAlmostEqual(float(s.sum()), 1, places=5)
            self.assertAlmostEqual(float((s.sum(0) * torch.arange(5 * scale)).sum()), (5 * scale - 1) / 2, places=3)
            self.assertAlmostEqual(width(s) / width(k), factor * scale / 3, delta=0.05)


if __name__ == "__main__":
    unittest.main()
