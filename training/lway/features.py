"""The feature network for perceptual distances: conv1 to conv5 of the Darknet reference network (models/darknet-features.md)."""
import os

import torch
import torch.nn as nn

from . import data, interpret

FILE = os.path.join(data.ROOT, "models", "darknet-features.onnx")


def unit(t):
    """Features scaled to length 1 over the channels: [n,c,h,w] -> the same."""
    t = t.float()
    return t / torch.sqrt((t ** 2).sum(1, keepdim=True) + 1e-6)


class FeatureNetwork(nn.Module):
    """image [n,3,h,w] 0..1 -> [f1..f5], at strides 1, 2, 4, 8, 16 (sides rounded up). Frozen."""

    def __init__(self, path=FILE):
        super().__init__()
        self.net = interpret.OnnxNet(path)
        self.names = self.net.outputs

    def to(self, device):
        self.net.to(device).channels_last()
        return self

    def forward(self, x):
        return list(self.net(x))

    def channels(self, name):
        """How many channels the map has."""
        return self.net.constants[f"c{self.names.index(name) + 1}.bias"].numel()

    def distances(self, x, y):
        """Of each map: the mean over places of the squared distance of unit features (form of Zhang et al. 2018)."""
        return [((unit(p) - unit(q)) ** 2).sum(1).mean() for p, q in zip(self(x), self(y))]
