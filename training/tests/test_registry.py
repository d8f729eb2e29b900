"""models.json is what the product reads: the schema is made from the product's own (src/engine/network/registry-schema.ts)."""
import copy
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
MODELS = os.path.join(HERE, "..", "..", "models", "models.json")

try:
    from lway import registry
except ImportError:
    registry = None


@unittest.skipIf(registry is None, "there is no jsonschema")
class Registry(unittest.TestCase):
    def setUp(self):
        with open(MODELS) as f:
            self.list = json.load(f)

    def entry(self, kind):
        return next(e for e in self.list["models"] if e["kind"] == kind)

    def test_the_list_that_ships(self):
        registry.check(self.list)

    def test_faults_are_named(self):
        faults = {
            "sr": [("adaptation", {"learnRate": 1}), ("scale", 0), ("start", 3), ("layerWeights", {})],
            "features": [("output", []), ("layerWeights", {"f1": -1})],
            "encoder": [("file", "../secret.onnx"), ("sha256", "abc"), ("extra", {}), ("adaptation", {})],
        }
        for kind, changes in faults.items():
            for field, value in changes:
                before = copy.deepcopy(self.list)
                self.entry(kind)[field] = value
                with self.assertRaisesRegex(ValueError, rf"{self.entry(kind)['id']}.*{field}"):
                    registry.check(self.list)
                self.list = before

    def test_an_unknown_kind(self):
        self.list["models"][0]["kind"] = "critic"
        with self.assertRaisesRegex(ValueError, "critic"):
            registry.check(self.list)


if __name__ == "__main__":
    unittest.main()
