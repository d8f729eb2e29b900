"""The driver of stages goes on where it was interrupted."""
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
STAGE = """
import os, sys, time
at = lambda o: sys.argv[sys.argv.index(o) + 1]
minutes = int(float(at("--minutes")))
print("from", os.path.basename(at("--start")), "for", minutes, flush=True)
def noted():
    path = at("--out") + ".minutes"
    return open(path).read() if os.path.exists(path) else ""

for k in range(minutes):
    before = noted()
    with open(at("--out"), "a") as f:
        f.write("x")
    os.utime(at("--out"), (k, k))
    print(f"{k} steps {60 * (k + 1)} s loss 1", flush=True)
    # a real stage computes for minutes here: the driver has long read the line
    end = time.time() + 20
    while noted() in ("", before) and time.time() < end:
        time.sleep(0.01)
    if os.environ.get("BREAK") == str(k):
        sys.exit(9)
"""


class Stages(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        at = lambda name: os.path.join(self.folder.name, name)
        with open(at("stage.py"), "w") as f:
            f.write(STAGE)
        with open(at("list.txt"), "w") as f:
            f.write(f"one {at('stage.py')} --start a.onnx --minutes 4 --out {at('1.pt')}  # first\n")
            f.write(f"two {at('stage.py')} --start {at('1.pt')} --minutes 2 --out {at('2.pt')}\n")
        self.at = at

    def tearDown(self):
        self.folder.cleanup()

    def go(self, **env):
        command = [sys.executable, os.path.join(HERE, "..", "run_stages.py"), self.at("list.txt"), "--log", self.at("log")]
        return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True)

    def test_interrupted_it_goes_on_with_what_is_left(self):
        broken = self.go(BREAK="1")
        self.assertNotEqual(broken.returncode, 0)
        self.assertIn("one is not done", broken.stderr)
        self.assertFalse(os.path.exists(self.at("2.pt")))
        self.assertEqual(self.go().returncode, 0)
        with open(self.at("log")) as f:
            log = f.read()
        self.assertEqual([line.split("from ")[1] for line in log.splitlines() if ": from " in line], ["a.onnx for 4", "1.pt for 2", "1.pt for 2"])
        again = self.go()
        self.assertEqual((again.returncode, again.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
