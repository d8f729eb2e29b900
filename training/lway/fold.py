"""Folds a given embedding into the LR reconstructor: what is left is plain convolutions.

The mixture of blur-and-downscale kernels becomes one 5x5 convolution (a picture's own kernel, fit to be looked at), each
modulated convolution a plain one."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from .networks import SLOPE, space_to_depth


class FoldedReconstructor(nn.Module):
    """hr [n,3,s*h,s*w] -> lr [n,3,h,w] for one fixed embedding [1,512]."""

    @torch.no_grad()
    def __init__(self, R, embedding):
        super().__init__()
        s = R.scale
        self.scale = s
        own = torch.einsum("k,kpyx->pyx", R.mix(embedding)[0], R.kernel_weight())
        linear = torch.zeros(3, 3 * s * s, 5, 5)
        for c in range(3):
            linear[c, c::3] = own
            # area downscaling is one more kernel: its middle block
            linear[c, c::3, 2, 2] += 1 / s ** 2
        self.kernel = self._conv(linear, None)
        self.first, self.seen, self.last = R.first, R.seen, R.last
        self.modulated = nn.ModuleList()
        for m in R.modulated:
            style, demod = m.scales(embedding)
            self.modulated.append(self._conv(m.weight * style[0][None, :, None, None] * demod[0][:, None, None, None], m.bias))
        self.plain = R.plain
        self.register_buffer("box", R.box.clone())

    @staticmethod
    def _conv(weight, bias):
        c = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], 1, weight.shape[2] // 2, bias=bias is not None)
        c.weight = nn.Parameter(weight.clone())
        if bias is not None:
            c.bias = nn.Parameter(bias.detach().clone())
        return c

    def forward(self, hr):
        x = space_to_depth(hr - 0.5, self.scale)
        low = self.kernel(x) + 0.5
        f = self.first(x) + self.seen(low - 0.5)
        for m, p in zip(self.modulated, self.plain):
            f = f + p(F.leaky_relu(m(f), SLOPE))
        z = self.last(f)
        n, _, h, w = z.shape
        return low + z - F.conv2d(z.reshape(3 * n, 1, h, w), self.box, padding=4).reshape(n, 3, h, w)
