"""The exported graphs are the trained networks; the networks hold what they promise."""
import os
import sys
import tempfile
import unittest

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lway import export, features, fold, interpret, networks, photo, trace, weights


def shaken(net, amount=0.05):
    torch.manual_seed(1)
    for p in net.parameters():
        p.data.add_(torch.randn_like(p) * amount)
    return net.eval()


class Exports(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "net.onnx")

    def tearDown(self):
        self.folder.cleanup()

    def compare(self, net, *inputs):
        with torch.no_grad():
            want, got = net(*inputs), interpret.OnnxNet(self.path)(*inputs)
        for p, q in zip(*((t,) if torch.is_tensor(t) else t for t in (want, got))):
            self.assertEqual(p.shape, q.shape)
            self.assertLess(float((p - q).abs().max()), 1e-4)

    def test_start(self):
        offsets = {"head.weight": torch.randn(4, 3, 3, 3) * 0.01, "head.bias": torch.randn(4) * 0.01}
        weight, bias, e = torch.randn(6), torch.tensor(0.3), torch.randn(1, 6)
        export.start(weight, bias, offsets, self.path, "net", {})
        net = interpret.OnnxNet(self.path)
        got = dict(zip(net.outputs, net(e)))
        share = torch.sigmoid(e[0] @ weight + bias)
        self.assertAlmostEqual(float(got["share"]), float(share), places=5)
        for k, v in offsets.items():
            self.assertEqual(got[k].shape, v.shape)
            self.assertLess(float((got[k] - share * v).abs().max()), 1e-6)

    def test_super_resolver(self):
        for scale in (2, 4):
            net = shaken(networks.SuperResolver(scale, 12, 2))
            export.super_resolver(net, self.path, "net", {})
            for h, w in ((1, 1), (7, 13), (32, 32)):
                self.compare(net, torch.rand(2, 3, h, w))
            other = networks.SuperResolver(scale, 12, 2)
            weights.load(other, self.path)
            self.assertTrue(torch.equal(other.tail.weight, net.tail.weight))

    def test_encoder_and_reconstructor(self):
        net = shaken(networks.Encoder(embedding=64))
        export.encoder(net, self.path, "net", {})
        for h, w in ((16, 16), (17, 40)):
            self.compare(net, torch.rand(2, 3, h, w))
        for scale in (2, 4):
            net = shaken(networks.Reconstructor(scale, 12, 2, 5, 64))
            export.reconstructor(net, self.path, "net", {})
            for h, w in ((1, 1), (7, 13)):
                self.compare(net, torch.rand(2, 3, scale * h, scale * w), torch.randn(2, 64))
            other = networks.Reconstructor(scale, 12, 2, 5, 64)
            weights.load_reconstructor(other, self.path)
            x, e = torch.rand(1, 3, 12 * scale, 12 * scale), torch.randn(1, 64)
            with torch.no_grad():
                self.assertLess(float((net(x, e) - other(x, e)).abs().max()), 1e-5)

    def test_networks_written_by_what_they_do(self):
        for net in (photo.PhotoNetwork(8, 3), networks.SuperResolver(4, 8, 2)):
            trace.upscaler(shaken(net), self.path, "net", {})
            for h, w in ((1, 1), (7, 13)):
                self.compare(net, torch.rand(2, 3, h, w))
            names = {k for k, v in interpret.OnnxNet(self.path).constants.items() if v.numel() > 4}
            self.assertTrue(set(net.state_dict()) <= names | {k for k, v in net.state_dict().items() if v.numel() <= 4})

    def test_features_have_one_map_at_each_stride(self):
        net = features.FeatureNetwork()
        for h, w in ((1, 1), (7, 13), (32, 32)):
            maps = net(torch.rand(2, 3, h, w))
            self.assertEqual([(m.shape[1], m.shape[2]) for m in maps], [(net.channels(f"f{k + 1}"), -(-h // 2 ** k)) for k in range(5)])

    def test_feature_distance_grows_with_what_is_wrong(self):
        net, x = features.FeatureNetwork(), torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(4)).repeat_interleave(8, 2).repeat_interleave(8, 3)
        noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
        near, far = (sum(net.distances(x, x + s * noise)) for s in (0.02, 0.1))
        self.assertEqual(float(sum(net.distances(x, x))), 0)
        self.assertGreater(float(far), 2 * float(near))


class Promises(unittest.TestCase):
    def test_step_zero_is_the_nearest_neighbour_enlargement(self):
        x = torch.rand(1, 3, 5, 6)
        with torch.no_grad():
            self.assertTrue(torch.allclose(networks.SuperResolver()(x), x.repeat_interleave(4, 2).repeat_interleave(4, 3), atol=1e-6))

    def test_half_the_tail_is_the_mean_of_the_whole(self):
        whole, half = shaken(networks.SuperResolver(4, 8, 2)), networks.SuperResolver(2, 8, 2)
        state = {k: v.clone() for k, v in whole.state_dict().items()}
        weights.halve_tail(state)
        half.load_state_dict(state)
        x = torch.rand(2, 3, 9, 7)
        with torch.no_grad():
            self.assertLess(float((torch.nn.functional.avg_pool2d(whole(x), 2) - half(x)).abs().max()), 1e-5)

    def test_half_the_reconstructor_works_on_the_repeated_picture(self):
        whole, half = shaken(networks.Reconstructor(4, 12, 2, 5, 64)), networks.Reconstructor(2, 12, 2, 5, 64)
        state = {k: v.clone() for k, v in whole.state_dict().items()}
        weights.halve_reconstructor(state)
        half.load_state_dict(state)
        x, e = torch.rand(2, 3, 18, 14), torch.randn(2, 64)
        with torch.no_grad():
            want = whole(x.repeat_interleave(2, 2).repeat_interleave(2, 3), e)
            self.assertLess(float((want - half(x, e)).abs().max()), 1e-5)

    def test_critic_sees_texture_that_the_features_miss(self):
        torch.manual_seed(2)
        critic, picture = networks.Critic([4, 6, 8]), torch.rand(2, 3, 32, 32, requires_grad=True)
        maps = [torch.zeros(2, c, 32 // s, 32 // s) for c, s in ((4, 2), (6, 4), (8, 8))]
        out = critic(maps, picture)
        self.assertEqual([t.shape[2] for t in out], [16, 8, 4, 8])
        out[-1].sum().backward()
        self.assertGreater(float(picture.grad.abs().max()), 0)

    def test_full_size_reconstructor_starts_as_the_picture(self):
        net, x = networks.FullSizeReconstructor(8, 2, 16), torch.rand(1, 3, 20, 24)
        with torch.no_grad():
            self.assertLess(float((net(x, torch.randn(1, 16)) - x).abs().max()), 1e-6)

    def test_receptive_field(self):
        net = shaken(networks.SuperResolver(4, 8, 3))
        x = torch.rand(1, 3, 41, 41, requires_grad=True)
        net(x)[0, :, 80:84, 80:84].sum().backward()
        seen = (x.grad[0].abs().sum(0) > 0).nonzero()
        self.assertEqual(int((seen - 20).abs().max()), net.receptive_field())

    def test_reconstructor_keeps_flat_pictures_and_their_level(self):
        net = shaken(networks.Reconstructor(4, 12, 2, 5, 64))
        for level in (0.1, 0.9):
            with torch.no_grad():
                y = net.linear(torch.full((1, 3, 96, 96), level - 0.5), torch.randn(1, 64))
            self.assertLess(float(y[..., 3:-3, 3:-3].abs().max()), 1e-4)

    def test_folding_an_embedding_changes_nothing(self):
        net = shaken(networks.Reconstructor(4, 12, 2, 5, 64))
        e, x = torch.randn(1, 64), torch.rand(2, 3, 28, 52)
        with torch.no_grad():
            self.assertLess(float((net(x, e.expand(2, -1)) - fold.FoldedReconstructor(net, e)(x)).abs().max()), 1e-5)

    def test_linear_branch_is_linear(self):
        net = shaken(networks.Reconstructor(4, 12, 2, 5, 64))
        e, x, y = torch.randn(1, 64), torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
        with torch.no_grad():
            self.assertLess(float((net.linear(x + 2 * y, e) - net.linear(x, e) - 2 * net.linear(y, e)).abs().max()), 1e-4)


if __name__ == "__main__":
    unittest.main()
