"""Losses of networks that invent detail, as published ones are trained: the distance of feature maps, a critic, and the bringing
of several losses to one scale."""
import os

import torch
import torch.nn.functional as F

from . import interpret, loop, networks

CHANNELS = [32, 64, 128]


def unit(t):
    t = t.float()
    return t / torch.sqrt((t**2).sum(1, keepdim=True) + 1e-6)


class Perception:
    """Maps of the Darknet reference network (conv1 to conv5), and a critic that looks at three of them and at the picture.

    rate: the critic's learning rate; floor: it pauses while its loss is below this, since one that wins too easily teaches
    nothing (chance is 0.69)."""

    def __init__(self, data, device, rate=1e-4, floor=0.45):
        path = os.path.join(data, "features", "darknet-reference-conv1-5.onnx")
        self.features = interpret.OnnxNet(path).to(device).channels_last()
        self.critic = networks.Critic(CHANNELS).to(device)
        self.optimiser = torch.optim.Adam(self.critic.parameters(), rate, betas=(0.5, 0.99))
        self.floor = floor

    def maps(self, picture):
        """[n,3,h,w], 0..1 -> five maps, each place's channels brought to length 1."""
        with loop.autocast():
            return [unit(t) for t in self.features(picture.contiguous(memory_format=torch.channels_last))]

    def verdicts(self, maps, picture):
        with loop.autocast():
            return [v.float() for v in self.critic(maps[1:4], picture)]

    def distance(self, mine, true):
        """Mean squared distance of conv3 to conv5."""
        return sum(((p - q) ** 2).sum(1).mean() for p, q in zip(mine[2:], true[2:])) / 3

    def deceit(self, sr, hr, mine, true):
        """How far sr is from passing for a photograph beside hr (relativistic, Jolicoeur-Martineau, 2018). The critic does not
        learn from it."""
        for p in self.critic.parameters():
            p.requires_grad_(False)
        fake, real = self.verdicts(mine, sr), self.verdicts(true, hr)
        for p in self.critic.parameters():
            p.requires_grad_(True)
        return sum(F.softplus(-(f - r.mean())).mean() for f, r in zip(fake, real)) / len(fake)

    def teach(self, sr, hr, mine, true):
        """One step of the critic, unless it pauses; its loss."""
        fake, real = self.verdicts([m.detach() for m in mine], sr.detach()), self.verdicts(true, hr)
        loss = sum(F.softplus(-(r - f.mean())).mean() + F.softplus(f - r.mean()).mean() for f, r in zip(fake, real)) / 2 / len(fake)
        if loss.item() > self.floor:
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
        return loss.item()


class Shares:
    """Weights of losses as shares of the gradient: each term's is brought to the same length (its running mean), so that a
    weight means the same for every term and keeps its meaning as the term falls."""

    def __init__(self):
        self.lengths = {}

    def gradient(self, terms, weights, at):
        """The weighted gradient of {name: loss} with respect to the picture `at`."""
        total = 0
        for name, term in terms.items():
            g, = torch.autograd.grad(term, at, retain_graph=True)
            length = g.norm().item()
            self.lengths[name] = length if name not in self.lengths else 0.98 * self.lengths[name] + 0.02 * length
            total = total + g * (weights[name] / max(self.lengths[name], 1e-12))
        return total
