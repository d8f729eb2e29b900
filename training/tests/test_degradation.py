"""python3 -m unittest discover -s training/tests"""
import os
import sys
import unittest

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lway import data, degradation as D, truth

HERE = os.path.dirname(D.SETTINGS)


def picture(seed=0, h=96, w=128):
    t = torch.rand(3, h // 8, w // 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(t[None], size=(h, w), mode="bicubic", align_corners=False)[0].clamp(0, 1)


class Kernels(unittest.TestCase):
    def test_sum_to_one_and_are_centred(self):
        kernels = [D.gaussian_kernel(21, 1.3), D.gaussian_kernel(21, 0.5, 2.5, 0.7), D.gaussian_kernel(21, 2, 1, 0.2, 0.7), D.disc_kernel(21, 0.3), D.disc_kernel(21, 3.2), D.disc_kernel(21, 3, 0.5), D.motion_kernel(21, 7, 1.0), D.box_kernel(21, 3.3)]
        r = np.arange(21) - 10
        for k in kernels:
            self.assertEqual(k.shape, (21, 21))
            self.assertAlmostEqual(float(k.sum()), 1, places=5)
            self.assertGreaterEqual(float(k.min()), 0)
            self.assertAlmostEqual(float((k.sum(0) * r).sum()), 0, places=4)
            self.assertAlmostEqual(float((k.sum(1) * r).sum()), 0, places=4)

    def test_gaussian_has_its_width(self):
        k, r = D.gaussian_kernel(21, 1.7), np.arange(21) - 10
        self.assertAlmostEqual(float((k.sum(0) * r ** 2).sum()) ** 0.5, 1.7, places=2)


class Plans(unittest.TestCase):
    def test_like_another_file_but_for_what_is_given_anew(self):
        base, clean = D.load_settings(), D.load_settings(os.path.join(HERE, "degradation-clean.json"))
        self.assertEqual(clean["blur"], base["blur"])
        self.assertEqual(clean["noise"]["kinds"], base["noise"]["kinds"])
        self.assertLess(clean["noise"]["read_sigma"][1], base["noise"]["read_sigma"][1])
        self.assertNotIn("like", clean)

    def test_sizes_range_and_determinism_for_every_setting_and_scale(self):
        hr = picture()
        for name in ("degradation.json", "degradation-heldout.json", "degradation-clean.json", "degradation-dirty.json"):
            settings = D.load_settings(os.path.join(HERE, name))
            for scale in (2, 4):
                for seed in range(25):
                    plan, again = (D.sample_plan(np.random.default_rng(seed), settings, scale) for _ in range(2))
                    if plan["kernel"] is not None:
                        self.assertAlmostEqual(float(plan["kernel"].sum()), 1, places=4)
                    lr = D.apply_plan(hr, plan)
                    self.assertEqual(tuple(lr.shape), (3, 96 // scale, 128 // scale))
                    self.assertTrue(0 <= float(lr.min()) and float(lr.max()) <= 1)
                    self.assertLess(float((lr * 255 - (lr * 255).round()).abs().max()), 1e-3)
                    self.assertTrue(torch.equal(lr, D.apply_plan(hr, again)))
                    self.assertEqual(D.describe(plan).shape, (4,))
                    self.assertLess(abs(float(lr.mean() - hr.mean())), 0.04)

    def test_different_seeds_differ(self):
        settings = D.load_settings()
        low = [D.apply_plan(picture(), D.sample_plan(np.random.default_rng(s), settings)) for s in range(4)]
        self.assertFalse(torch.equal(low[0], low[1]) and torch.equal(low[1], low[2]))

    def test_machine_made_pictures_lose_fine_detail_and_gain_a_pattern_of_their_period(self):
        x = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(3)) * 0.5 + 0.25
        machine = {"shrink": 1.5, "paint": 0.8, "halo": 0.0, "pattern": 0.0, "period": 4, "seed": 1}
        plain = D.machine_made(x, machine)
        self.assertEqual(plain.shape, x.shape)
        self.assertLess(float(plain.std()), 0.8 * float(x.std()))
        added = D.machine_made(x, {**machine, "pattern": 0.02}) - plain
        folded = added.view(3, 16, 4, 16, 4).mean((1, 3))
        self.assertGreater(float(folded.std()), 0.01)
        self.assertLess(float(added.mean().abs()), 1e-3)

    def test_only_settings_that_ask_for_it_make_pictures_look_machine_made(self):
        wanted, base = D.load_settings(os.path.join(HERE, "degradation-photo.json")), D.load_settings()
        made = [D.sample_plan(np.random.default_rng(i), wanted) for i in range(200)]
        share = sum("machine" in plan for plan in made) / 200
        self.assertTrue(0.03 < share < 0.15, share)
        self.assertNotIn("machine", D.sample_plan(np.random.default_rng(0), base))
        with_it = next(plan for plan in made if "machine" in plan)
        x = picture()
        without = {key: value for key, value in with_it.items() if key != "machine"}
        self.assertFalse(torch.equal(D.apply_plan(x, with_it), D.apply_plan(x, without)))

    def test_twin_has_no_noise(self):
        settings = D.load_settings()
        rng = np.random.default_rng(0)
        plan = next(p for p in (D.sample_plan(rng, settings) for _ in range(200)) if p["noise"] and not p["jpeg"] and p["noise"]["read"] > 0.01)
        hr = torch.full((3, 96, 96), 0.5)
        self.assertGreater(float(D.apply_plan(hr, plan).std()), 0.004)
        self.assertLess(float(D.apply_plan(hr, plan, noise=False).std()), 1e-6)

    def test_centred(self):
        """No resampler may shift the picture: a centred blob stays centred."""
        y, x = torch.meshgrid(torch.arange(96.0) - 47.5, torch.arange(96.0) - 47.5, indexing="ij")
        blob = torch.exp(-(x * x + y * y) / 200)[None].repeat(3, 1, 1)
        for kind in ("area", "bicubic", "bilinear", "lanczos", "hamming", "sample"):
            plan = {"scale": 4, "kernel": None, "resize": kind, "two_step": None}
            low = D.reduce_plan(blob, plan)[0]
            r = torch.arange(24.0) - 11.5
            self.assertLess(abs(float((low.sum(0) * r).sum() / low.sum())), 0.01, kind)

    def test_response_is_the_linear_part(self):
        settings = D.load_settings()
        rng = np.random.default_rng(3)
        for _ in range(12):
            plan = D.sample_plan(rng, settings)
            if plan["two_step"] or plan["resize"] == "lanczos":
                continue
            hr, k = torch.rand(3, 96, 96), D.response(plan)
            want = D.reduce_plan(hr, plan)
            if plan["sharpen"]:
                want = D.sharpen(want, *plan["sharpen"])
            want = want[:, 4:-4, 4:-4]
            got = (torch.nn.functional.unfold(hr[:, None], 20, stride=4) * k.reshape(1, -1, 1)).sum(1).reshape(3, 20, 20)[:, 2:-2, 2:-2]
            # the kernel's window cuts the tails of wide sharpening
            self.assertLess(float((want - got).abs().max()), 0.02 if not plan["sharpen"] else 0.06)


class Truths(unittest.TestCase):
    def test_tells_like_from_unlike(self):
        facts, rng, settings = truth.Truth(D.load_settings(), count=60), np.random.default_rng(4), D.load_settings()
        plans = [D.sample_plan(rng, settings) for _ in range(20)]
        told = np.stack([facts.of(p) for p in plans])
        self.assertEqual(told.shape, (20, facts.size))
        self.assertTrue(np.isfinite(told).all())
        self.assertTrue((told == np.stack([facts.of(p) for p in plans])).all())
        self.assertEqual(len(np.unique(told.round(4), axis=0)), 20)
        column = lambda name: told[:, facts.names.index(name)]
        self.assertTrue(((column("jpeg") > 0) == np.array([bool(p["jpeg"]) for p in plans])).all())
        self.assertTrue(((column("amount") > 0) == np.array([bool(p["sharpen"]) for p in plans])).all())
        self.assertGreater(min(column("noise")[i] for i, p in enumerate(plans) if p["noise"]), column("noise").min())

    def test_broad_blurs_lie_apart_from_narrow_ones(self):
        """Distances go by what photographs show: from sharp to soft is further than from soft to softer by as much."""
        facts = truth.Truth(D.load_settings(), count=60)
        plan = lambda s: {"scale": 4, "kernel": D.gaussian_kernel(21, s), "resize": "area", "two_step": None, "noise": None, "sharpen": None, "jpeg": []}
        at = [facts.of(plan(s)) for s in (0.6, 1.4, 2.2, 3.0)]
        steps = [float(np.linalg.norm(at[i + 1] - at[i])) for i in range(3)]
        self.assertLess(steps[0], float(np.linalg.norm(at[2] - at[0])))
        self.assertLess(steps[1], float(np.linalg.norm(at[3] - at[1])))


class Noise(unittest.TestCase):
    def test_level_and_correlation(self):
        x = torch.full((3, 200, 200), 0.5)
        plain = D.sensor_noise(x, {"kind": "colour", "read": 0.02, "shot": 0.0, "seed": 1})
        self.assertAlmostEqual(float(plain.std()), 0.02, delta=0.001)
        bayer = D.sensor_noise(x, {"kind": "bayer", "read": 0.02, "shot": 0.0, "seed": 1})
        neighbour = lambda n: float((n[:, :, 1:] * n[:, :, :-1]).mean() / n.var())
        self.assertLess(abs(neighbour(plain)), 0.02)
        self.assertGreater(neighbour(bayer), 0.25)
        gray = D.sensor_noise(x, {"kind": "gray", "read": 0.02, "shot": 0.0, "seed": 1})
        self.assertEqual(gray.shape[0], 1)  # one map for all colours


class Loading(unittest.TestCase):
    def test_bank_keeps_pictures_aligned(self):
        bank = data.Bank([], data.sr_entry(D.load_settings()), 4, 4)
        bank.photo = lambda: picture(5, 384, 384)
        bank.refresh(4)
        b = bank.batch(6, 24)
        self.assertEqual(tuple(b["lr"].shape), (6, 3, 24, 24))
        self.assertEqual(tuple(b["hr"].shape), (6, 3, 96, 96))
        small = torch.nn.functional.avg_pool2d(b["hr"], 4)
        correlation = np.corrcoef(small.flatten().numpy(), b["lr"].flatten().numpy())[0, 1]
        self.assertGreater(correlation, 0.9)

    def test_reconstruction_entries_share_a_degradation(self):
        bank = data.Bank([], data.reconstruction_entry(D.load_settings()), 4, 2)
        bank.photo = lambda: picture(6, 384, 384)
        bank.refresh(2)
        b = bank.batch(3, 32)
        self.assertEqual(tuple(b["wrong"].shape), (6, 3, 128, 128))
        self.assertEqual(tuple(b["twin"].shape), (6, 3, 32, 32))
        self.assertTrue(torch.equal(b["numbers"][0], b["numbers"][1]))


class Workers(unittest.TestCase):
    def test_degrade_beside_the_training(self):
        photos = [(picture(k, 128, 128).permute(1, 2, 0).numpy() * 255).astype("uint8") for k in range(3)]
        make = data.sr_entry(D.load_settings(), 4, "truth")
        mixture = data.WorkedMixture([data.Bank(photos, make, 4, 6), data.Bank(photos, make, 4, 6)], [0.5, 0.5], 1)
        try:
            mixture.fill(4)
            self.assertGreaterEqual(len(mixture), 4)
            b = mixture.batch(5, 12)
            self.assertEqual((tuple(b["lr"].shape), tuple(b["hr"].shape), int(mixture.counts.sum())), ((5, 3, 12, 12), (5, 3, 48, 48), 5))
            self.assertTrue(torch.equal(b["teacher"], b["hr"]))
        finally:
            mixture.pool.terminate()


if __name__ == "__main__":
    unittest.main()
