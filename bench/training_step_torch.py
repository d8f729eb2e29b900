"""The same training step in eager PyTorch: SRVGG x4, one 64x64 patch, L1, Adam.

Told a number of steps per line, answers with their seconds as JSON: `python training_step_torch.py THREADS CONVS cpu|cuda`.
"""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

threads, convs, device = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
# Full float32, as our side computes.
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


class Srvgg(nn.Module):
    def __init__(self, features=64, scale=4):
        super().__init__()
        layers = [nn.Conv2d(3, features, 3, 1, 1), nn.PReLU(features)]
        for _ in range(convs):
            layers += [nn.Conv2d(features, features, 3, 1, 1), nn.PReLU(features)]
        self.body = nn.Sequential(*layers, nn.Conv2d(features, 3 * scale**2, 3, 1, 1))
        self.scale = scale

    def forward(self, x):
        return F.pixel_shuffle(self.body(x), self.scale) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


network = Srvgg().to(device)
optimizer = torch.optim.Adam(network.parameters(), 1e-4, betas=(0.9, 0.99))
x, target = torch.rand(1, 3, 64, 64, device=device), torch.rand(1, 3, 256, 256, device=device)


def step():
    began = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    loss = (network(x) - target).abs().mean()
    loss.backward()
    optimizer.step()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


print(json.dumps({"torch": torch.__version__, "parameters": sum(p.numel() for p in network.parameters())}), flush=True)
for line in sys.stdin:
    print(json.dumps([step() for _ in range(int(line))]), flush=True)
