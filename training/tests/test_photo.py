"""The quality network and what its training looks at."""
import os
import sys
import unittest

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lway import grid, metrics, modules, networks, photo, texture


def edge(pattern=0.0, side=128):
    """A soft horizontal edge [1,3,side,side]; `pattern` writes dots of period 4 along it."""
    y = torch.arange(side, dtype=torch.float32)
    picture = torch.sigmoid((y - side / 2) / 1.5)[:, None].repeat(1, side) * 0.8 + 0.1
    along = torch.cos(2 * np.pi * y / 4)[None]
    return (picture + pattern * along * torch.exp(-((y - side / 2) / 3) ** 2)[:, None])[None, None].repeat(1, 3, 1, 1)


class Dots(unittest.TestCase):
    def test_loss_sees_dots_along_edges_only(self):
        clean = edge()
        self.assertLess(grid.dotted(clean, clean).item(), 1e-3)
        self.assertGreater(grid.dotted(edge(0.05), clean).item(), 0.01)
        # the same pattern where the truth has no edge does not count
        flat = torch.full_like(clean, 0.5)
        self.assertLess(grid.dotted(flat + edge(0.05) - clean, flat).item(), 1e-3)

    def test_loss_is_the_same_for_both_directions(self):
        a, b = edge(0.05), edge()
        self.assertAlmostEqual(grid.dotted(a, b).item(), grid.dotted(a.transpose(2, 3), b.transpose(2, 3)).item(), places=6)

    def test_loss_ignores_other_periods(self):
        clean = edge()
        y = torch.arange(128.0)
        other = clean + 0.05 * torch.cos(2 * np.pi * y / 7)[None, None, None] * torch.exp(-((y - 64) / 3) ** 2)[None, None, :, None]
        self.assertLess(grid.dotted(other, clean).item(), 0.2 * grid.dotted(edge(0.05), clean).item())

    def test_loss_at_half_scale(self):
        clean = edge()
        along = torch.cos(np.pi * torch.arange(128.0))[None, None, None]
        dots = 0.05 * along * torch.exp(-((torch.arange(128.0) - 64) / 3) ** 2)[None, None, :, None]
        self.assertGreater(grid.dotted(clean + dots, clean, 2).item(), 0.01)
        # a lighter picture has no dots
        self.assertLess(grid.dotted(clean + 0.05, clean, 2).item(), 1e-3)

    def test_loss_sees_a_weave_that_the_truth_has_not(self):
        torch.manual_seed(1)
        truth = (0.5 + 0.05 * torch.randn(1, 1, 96, 96)).repeat(1, 3, 1, 1)
        y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
        for scale in (2, 4):
            weave = (0.04 * torch.cos(2 * np.pi * x / scale) * torch.cos(2 * np.pi * y / scale))[None, None]
            other = (0.04 * torch.cos(2 * np.pi * x / 7) * torch.cos(2 * np.pi * y / 7))[None, None]
            self.assertLess(grid.woven(truth, truth, scale).item(), 1e-6)
            self.assertGreater(grid.woven(truth + weave, truth, scale).item(), 0.01)
            self.assertLess(grid.woven(truth + other, truth, scale).item(), 1e-3)
            # less than the truth has is another term's concern
            self.assertLess(grid.woven(torch.full_like(truth, 0.5), truth, scale).item(), 1e-4)

    def test_measure(self):
        torch.manual_seed(0)
        noise = 0.01 * torch.randn(1, 3, 128, 128)
        self.assertLess(metrics.dots([edge() + noise]), 1.5)
        self.assertGreater(metrics.dots([edge(0.05) + noise]), 3)


class Liveliness(unittest.TestCase):
    def test_another_texture_of_the_same_strength_costs_less_than_none(self):
        grain = lambda seed: 0.5 + 0.1 * torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(seed)).repeat(1, 3, 1, 1)
        true, other, none = grain(1), grain(2), torch.full((1, 3, 64, 64), 0.5)
        self.assertLess(texture.liveliness(true, true).item(), 1e-6)
        self.assertLess(texture.liveliness(other, true).item(), 0.2 * texture.liveliness(none, true).item())
        # twice as strong is as wrong as half as strong
        twice, half = (0.5 + f * (true - 0.5) for f in (2, 0.5))
        self.assertAlmostEqual(texture.liveliness(twice, true).item(), texture.liveliness(half, true).item(), delta=0.15)


class Network(unittest.TestCase):
    def test_state_gives_the_same_network_back(self):
        net = photo.PhotoNetwork(8, 3).eval()
        x = torch.rand(1, 3, 9, 7)
        again = photo.from_state(net.state_dict()).eval()
        self.assertEqual(tuple(net(x).shape), (1, 3, 36, 28))
        self.assertTrue(torch.equal(net(x), again(x)))

    def test_half_scale_is_the_area_average(self):
        x = torch.rand(1, 3, 9, 7)
        ours = networks.SuperResolver(4, 8, 2)
        torch.nn.init.normal_(ours.tail.weight, 0, 0.1)
        for net in (photo.PhotoNetwork(8, 3), ours):
            half = photo.at_scale(net, 2)
            self.assertEqual(half.scale, 2)
            self.assertTrue(torch.allclose(half(x), torch.nn.functional.avg_pool2d(net(x), 2), atol=1e-6))

    def test_blend_ends_at_its_ends(self):
        a, b = photo.PhotoNetwork(8, 1).state_dict(), photo.PhotoNetwork(8, 1).state_dict()
        for share, end in ((0, a), (1, b)):
            mixed = photo.blend(a, b, share)
            self.assertTrue(all(torch.allclose(mixed[k], end[k], atol=1e-6) for k in a))


class Modules(unittest.TestCase):
    def test_pixels_of_the_small_picture_are_modules_of_the_large_one(self):
        picture = modules.draw(np.random.default_rng(3), 24, 4)
        self.assertEqual(picture.shape, (96, 96, 3))
        blocks = picture.reshape(24, 4, 24, 4, 3)
        self.assertTrue((blocks == blocks[:, :1, :, :1]).all())


if __name__ == "__main__":
    unittest.main()
