"""LWay training recipe. Images are float tensors, RGB, 0..1, [3,H,W] or [N,3,H,W], unless a name says otherwise."""
