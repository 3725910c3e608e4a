"""The vectors that bench/ann searches, made once and kept in .cache/ann.

    .venv-ann/bin/python bench/ann/datasets.py            makes those that are missing
    .venv-ann/bin/python bench/ann/datasets.py --verify   compares with the checksums

Each set holds vectors, 1,000 queries that are not among them, and the 100 nearest of each query by
brute force, distances taken in double precision. Everything follows from fixed seeds, `debian` also
from the machine's package index.
"""

import argparse
import dataclasses
import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import debian
import numpy as np

CACHE = debian.CACHE / "sets"
QUERY_COUNT = 1000
TRUTH_DEPTH = 100
CHUNK_ROWS = 50_000
SEED = 7

Array = np.ndarray


@dataclasses.dataclass(frozen=True)
class Dataset:
    name: str
    metric: str  # l2, or cosine; then every vector has length one.
    base: Array  # Mapped.
    queries: Array
    truth: Array  # Ordinals of the nearest, nearest first.
    truth_distances: Array  # Squared for l2, one minus the product for cosine.
    attributes: dict[str, Array]
    labels: dict[str, list[str]]  # What the numbers of an attribute stand for.

    @property
    def folder(self) -> Path:
        return CACHE / self.name


@dataclasses.dataclass(frozen=True)
class Recipe:
    name: str
    metric: str
    version: int  # Another one makes the set anew.
    # Returns base, queries, attributes, labels.
    make: Callable[[], tuple[Array, Array, dict[str, Array], dict[str, list[str]]]]


@dataclasses.dataclass(frozen=True)
class Clusters:
    """Points on curved surfaces of `latent` dimensions in a space of `dimensions`.

    A point is drawn from one of `count` overlapping normal distributions of unequal weight and
    width in the latent space, and carried over by a fixed random map, a linear part plus sines, so
    that neighbourhoods stay neighbourhoods but clusters are no ellipsoids; a little noise fills the
    other dimensions. The local intrinsic dimension (Levina and Bickel's estimate over the 100
    nearest) grows with `latent`; estimate_intrinsic_dimension() measures it.
    """

    dimensions: int
    latent: int
    count: int
    seed: int
    normalized: bool = False
    spread: float = 1.0  # Of the centres, in widths of a cluster.
    noise: float = 0.05

    def make(self, row_count: int) -> tuple[Array, Array]:
        """The base and the queries. A longer base begins with the shorter one."""
        shape = np.random.default_rng([self.seed, 0])
        hidden = 2 * self.latent
        centers = shape.normal(0, self.spread, (self.count, self.latent)).astype(np.float32)
        widths = shape.lognormal(-0.2, 0.35, (self.count, self.latent)).astype(np.float32)
        weights = shape.lognormal(0, 1, self.count)
        weights /= weights.sum()
        linear = shape.normal(0, self.latent**-0.5, (self.latent, self.dimensions))
        inner = shape.normal(0, 1.2 * self.latent**-0.5, (self.latent, hidden))
        phase = shape.uniform(0, 2 * np.pi, hidden)
        outer = shape.normal(0, hidden**-0.5, (hidden, self.dimensions))
        maps = [m.astype(np.float32) for m in (linear, inner, phase, outer)]

        def points(stream: int, n: int) -> Array:
            draw = np.random.default_rng([self.seed, 1, stream])
            cluster = draw.choice(self.count, n, p=weights)
            z = draw.standard_normal((n, self.latent), np.float32)
            z = centers[cluster] + widths[cluster] * z
            x = z @ maps[0] + np.sin(z @ maps[1] + maps[2]) @ maps[3]
            x += self.noise * draw.standard_normal((n, self.dimensions), np.float32)
            return normalize(x) if self.normalized else x

        chunks = -(-row_count // CHUNK_ROWS)
        base = np.empty((row_count, self.dimensions), np.float32)
        for chunk in range(chunks):
            first = chunk * CHUNK_ROWS
            rows = min(CHUNK_ROWS, row_count - first)
            base[first : first + rows] = points(1 + chunk, CHUNK_ROWS)[:rows]
        return base, points(0, QUERY_COUNT)


def normalize(x: Array) -> Array:
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    return (x / lengths).astype(np.float32)


def make_debian(
    row_count: int | None = None,
) -> tuple[Array, Array, dict[str, Array], dict[str, list[str]]]:
    """Package descriptions under MiniLM, 384 dimensions; see debian.py."""
    vectors = debian.embed_packages(None if row_count is None else QUERY_COUNT + row_count)
    packages = debian.load_packages()[QUERY_COUNT : len(vectors)]
    sections = sorted({p.section for p in packages})
    priorities = sorted({p.priority for p in packages})
    attributes = {
        "section": np.array([sections.index(p.section) for p in packages], np.int32),
        "priority": np.array([priorities.index(p.priority) for p in packages], np.int32),
        "size": np.array([p.installed_kib for p in packages], np.int64),
    }
    labels = {"section": sections, "priority": priorities}
    return vectors[QUERY_COUNT:], vectors[:QUERY_COUNT], attributes, labels


def make_clusters(
    clusters: Clusters, row_count: int
) -> tuple[Array, Array, dict[str, Array], dict[str, list[str]]]:
    return *clusters.make(row_count), {}, {}


CLUSTERED = Clusters(dimensions=128, latent=20, count=2000, seed=SEED)
# Longer, of length one, like the embeddings of today's large models. Synthetic.
WIDE = Clusters(dimensions=1536, latent=32, count=500, seed=SEED + 1, normalized=True)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("debian", "cosine", 1, make_debian),
        Recipe("debian-10k", "cosine", 1, functools.partial(make_debian, 10_000)),
        Recipe("clustered", "l2", 1, functools.partial(make_clusters, CLUSTERED, 1_000_000)),
        Recipe("clustered-100k", "l2", 1, functools.partial(make_clusters, CLUSTERED, 100_000)),
        Recipe("wide", "cosine", 1, functools.partial(make_clusters, WIDE, 100_000)),
        Recipe("wide-10k", "cosine", 1, functools.partial(make_clusters, WIDE, 10_000)),
    )
}


def distances(metric: str, query: Array, rows: Array) -> Array:
    """From one query to rows, in double precision."""
    a, b = query.astype(np.float64), rows.astype(np.float64)
    return np.square(b - a).sum(axis=1) if metric == "l2" else 1 - b @ a


def approximate_distances(metric: str, queries: Array, base: Array, squares: Array) -> Array:
    """From all to all, in single precision; `squares` are the base's squared lengths."""
    products = queries @ base.T
    if metric == "l2":
        np.multiply(products, -2, out=products)
        products += squares
        return products
    return np.negative(products, out=products)


def nearest(
    metric: str, query: Array, base: Array, rows: Array, roughly: Array, depth: int
) -> tuple[Array, Array]:
    """The `depth` nearest of `rows`, out of somewhat more by what is known roughly of them."""
    if not len(rows):
        return np.empty(0, np.int32), np.empty(0, np.float32)
    wanted = min(len(rows), depth + 30)
    rows = rows[np.argpartition(roughly, wanted - 1)[:wanted]]
    exact = distances(metric, query, base[rows])
    order = np.lexsort((rows, exact))[:depth]
    return rows[order].astype(np.int32), exact[order].astype(np.float32)


def brute_force(metric: str, base: Array, queries: Array, depth: int) -> tuple[Array, Array]:
    squares = np.einsum("ij,ij->i", base, base)
    truth = np.empty((len(queries), depth), np.int32)
    away = np.empty((len(queries), depth), np.float32)
    everything = np.arange(len(base))
    step = 50
    for first in range(0, len(queries), step):
        some = queries[first : first + step]
        for i, row in enumerate(approximate_distances(metric, some, base, squares)):
            truth[first + i], away[first + i] = nearest(
                metric, some[i], base, everything, row, depth
            )
    return truth, away


def estimate_intrinsic_dimension(truth_distances: Array, metric: str) -> float:
    """Levina and Bickel's estimate: the median over the queries."""
    squared = truth_distances if metric == "l2" else 2 * truth_distances
    r = np.sqrt(np.maximum(squared.astype(np.float64), 1e-12))
    return float(np.median((r.shape[1] - 1) / np.log(r[:, -1:] / r[:, :-1]).sum(axis=1)))


def save(path: Path, array: Array) -> None:
    """Another process may have the old file mapped: it is replaced, not written over."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.save(file, np.ascontiguousarray(array))
    part.rename(path)


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make(recipe: Recipe) -> None:
    print(f"{recipe.name}: making vectors", flush=True)
    base, queries, attributes, labels = recipe.make()
    print(f"{recipe.name}: {base.shape[0]:,} x {base.shape[1]}, brute force", flush=True)
    truth, away = brute_force(recipe.metric, base, queries, TRUTH_DEPTH)
    dimension = estimate_intrinsic_dimension(away, recipe.metric)
    arrays = {"base": base, "queries": queries, "truth": truth, "truth_distances": away}
    arrays |= {f"attribute-{name}": values for name, values in attributes.items()}
    folder = CACHE / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        save(folder / f"{name}.npy", array)
    about = {
        "version": recipe.version,
        "rows": len(base),
        "intrinsic_dimension": round(dimension, 1),
        "labels": labels,
        "sha256": {name: checksum(folder / f"{name}.npy") for name in arrays},
    }
    part = folder / "about.part"
    part.write_text(json.dumps(about, indent=1))
    part.rename(folder / "about.json")
    print(f"{recipe.name}: local intrinsic dimension about {dimension:.1f}", flush=True)


def is_made(recipe: Recipe) -> bool:
    about = CACHE / recipe.name / "about.json"
    return about.exists() and json.loads(about.read_text())["version"] == recipe.version


def load(name: str) -> Dataset:
    """Makes the set if it is not there."""
    recipe = RECIPES[name]
    if not is_made(recipe):
        make(recipe)
    folder = CACHE / name
    about = json.loads((folder / "about.json").read_text())
    attributes = {
        path.stem.removeprefix("attribute-"): np.load(path)
        for path in sorted(folder.glob("attribute-*.npy"))
    }
    return Dataset(
        name,
        recipe.metric,
        np.load(folder / "base.npy", mmap_mode="r"),
        np.load(folder / "queries.npy"),
        np.load(folder / "truth.npy"),
        np.load(folder / "truth_distances.npy"),
        attributes,
        about["labels"],
    )


def verify(name: str) -> bool:
    about = json.loads((CACHE / name / "about.json").read_text())
    wrong = [
        file
        for file, wanted in about["sha256"].items()
        if checksum(CACHE / name / f"{file}.npy") != wanted
    ]
    print(f"{name}: {'differs: ' + ', '.join(wrong) if wrong else 'as it was made'}")
    return not wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(RECIPES), help="sets, separated by commas")
    parser.add_argument("--verify", action="store_true", help="compare with the checksums")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    if unknown := set(names) - set(RECIPES):
        parser.error(f"there is no set {', '.join(sorted(unknown))}: {', '.join(RECIPES)}")
    if arguments.verify:
        results = [verify(name) for name in names if is_made(RECIPES[name])]
        return 0 if all(results) else 1
    for name in names:
        load(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
