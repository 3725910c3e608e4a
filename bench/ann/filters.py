"""Filters of every selectivity and correlation, as bitmaps, with the exact answer for each query.

    .venv-ann/bin/python bench/ann/filters.py --only debian

A cell is one selectivity and one correlation. Its filter is one bitmap for all queries, or, where
it depends on where the query lies, one for each. Bit i of word i / 64 is the ordinal i's.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import datasets
import faiss
import numpy as np
from datasets import Array, Dataset

VERSION = 1
SELECTIVITIES = (0.0001, 0.001, 0.003, 0.01, 0.05, 0.2, 0.5, 0.9)
CORRELATIONS = ("none", "pos", "neg")
CLUSTER_COUNT = 256
TRAINING_ROWS = 64 * CLUSTER_COUNT
# The first half of them for tuning, the second for reporting.
QUERY_COUNT = 200
TRUTH_DEPTH = 100
SEED = 11


@dataclasses.dataclass(frozen=True)
class Cell:
    name: str
    correlation: str  # none, pos, neg or natural.
    is_per_query: bool
    half: str  # tune or report: thresholds are chosen on the one and judged on the other.


@dataclasses.dataclass(frozen=True)
class Filter:
    cell: Cell
    bitmaps: Array  # (1 or QUERY_COUNT) x words, mapped.
    truth: Array  # Ordinals, -1 where no more pass.
    truth_distances: Array
    counts: Array  # How many pass, for each query.

    def bitmap(self, query: int) -> Array:
        return self.bitmaps[query if self.cell.is_per_query else 0]


def queries_of(half: str) -> slice:
    middle = QUERY_COUNT // 2
    return {
        "tune": slice(0, middle),
        "report": slice(middle, QUERY_COUNT),
        "all": slice(0, QUERY_COUNT),
    }[half]


def pack(passing: Array) -> Array:
    """Booleans as words."""
    padded = np.zeros(-(-len(passing) // 64) * 64, bool)
    padded[: len(passing)] = passing
    return np.packbits(padded, bitorder="little").view(np.uint64)


def unpack(words: Array, count: int) -> Array:
    return np.unpackbits(words.view(np.uint8), bitorder="little", count=count).astype(bool)


def hashes(count: int, stream: int) -> Array:
    """A number in [0, 1) for each ordinal: splitmix64."""
    x = np.arange(count, dtype=np.uint64) + np.uint64((SEED + stream) << 40)
    with np.errstate(over="ignore"):
        x *= np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) / 2.0**53


class Clustering:
    """K-means over a sample; what each vector and query is nearest to."""

    def __init__(self, dataset: Dataset) -> None:
        rows = np.random.default_rng(SEED).choice(
            len(dataset.base), min(TRAINING_ROWS, len(dataset.base)), replace=False
        )
        kmeans = faiss.Kmeans(
            dataset.base.shape[1], CLUSTER_COUNT, niter=10, seed=SEED, verbose=False
        )
        kmeans.train(np.ascontiguousarray(dataset.base[np.sort(rows)]))
        self.label = np.empty(len(dataset.base), np.int32)
        for first in range(0, len(dataset.base), 100_000):
            chunk = np.ascontiguousarray(dataset.base[first : first + 100_000])
            self.label[first : first + len(chunk)] = kmeans.index.search(chunk, 1)[1][:, 0]
        self.sizes = np.bincount(self.label, minlength=CLUSTER_COUNT)
        # Clusters from near to far, for each query.
        self.order = kmeans.index.search(dataset.queries[:QUERY_COUNT], CLUSTER_COUNT)[1]

    def passing(self, query: int, wanted: int, farthest: bool, order: Array) -> Array:
        """Whole clusters while they fit; of the one that does not, those first by their hashes."""
        clusters = self.order[query][::-1] if farthest else self.order[query]
        until = np.cumsum(self.sizes[clusters])
        whole = int(np.searchsorted(until, wanted, side="right"))
        chosen = np.zeros(CLUSTER_COUNT, bool)
        chosen[clusters[:whole]] = True
        passing = chosen[self.label]
        left = wanted - (int(until[whole - 1]) if whole else 0)
        if left and whole < CLUSTER_COUNT:
            members = np.flatnonzero(self.label == clusters[whole])
            passing[members[np.argsort(order[members])[:left]]] = True
        return passing


def natural_filters(dataset: Dataset) -> dict[str, Array]:
    """By what packages are: conditions that people would write."""
    section, size = dataset.attributes["section"], dataset.attributes["size"]
    priority = dataset.attributes["priority"]
    names = dataset.labels["section"]

    def is_section(*wanted: str) -> Array:
        return np.isin(section, [names.index(name) for name in wanted])

    optional = dataset.labels["priority"].index("optional")
    p10, p40, p50, p80, p99 = np.quantile(size, (0.1, 0.4, 0.5, 0.8, 0.99))
    return {
        "section=libs": is_section("libs"),
        "section=python": is_section("python"),
        "section=doc": is_section("doc"),
        "section=games": is_section("games"),
        "section=database": is_section("database"),
        "section in 4": is_section("libs", "libdevel", "python", "doc"),
        "size<p10": size < p10,
        "size p40-p50": (size >= p40) & (size < p50),
        "size>=p50": size >= p50,
        "size>=p99": size >= p99,
        "priority<>optional": priority != optional,
        "section=libs, size>=p80": is_section("libs") & (size >= p80),
        "section=games, size<p40": is_section("games") & (size < p40),
        "section=python, size>=p99": is_section("python") & (size >= p99),
    }


def percent(share: float) -> str:
    return f"{share * 100:g} %"


def cells_of(dataset: Dataset) -> list[Cell]:
    halves = ("tune", "report")
    cells = [
        # Neighbours in selectivity, and correlations of one selectivity, fall into both halves.
        Cell(f"{percent(s)} {c}", c, c != "none", halves[(i + j) % 2])
        for j, c in enumerate(CORRELATIONS)
        for i, s in enumerate(SELECTIVITIES)
    ]
    if dataset.attributes:
        cells += [
            Cell(name, "natural", False, halves[i % 2])
            for i, name in enumerate(natural_filters(dataset))
        ]
    return cells


def folder_of(dataset: Dataset) -> Path:
    return dataset.folder / "filters"


def file_of(dataset: Dataset, cell: Cell, what: str) -> Path:
    name = cell.name.replace(" %", "%").replace(" ", "_").replace("<>", "!=")
    return folder_of(dataset) / f"{name.replace('>', 'gt').replace('<', 'lt')}.{what}.npy"


def bitmaps_of(dataset: Dataset) -> Iterator[tuple[Cell, Array]]:
    count = len(dataset.base)
    clusters = Clustering(dataset)
    order = hashes(count, 1)
    natural = natural_filters(dataset) if dataset.attributes else {}
    for cell in cells_of(dataset):
        if cell.correlation == "natural":
            yield cell, pack(natural[cell.name])[None]
            continue
        share = float(cell.name.split()[0]) / 100
        wanted = round(share * count)
        if cell.correlation == "none":
            passing = np.zeros(count, bool)
            passing[np.argsort(hashes(count, 2))[:wanted]] = True
            yield cell, pack(passing)[None]
            continue
        farthest = cell.correlation == "neg"
        yield (
            cell,
            np.stack(
                [pack(clusters.passing(q, wanted, farthest, order)) for q in range(QUERY_COUNT)]
            ),
        )


def solve(dataset: Dataset, made: list[tuple[Cell, Array]]) -> None:
    """Exact answers: all distances of some queries at a time, then the nearest that pass."""
    base, queries = dataset.base, dataset.queries[:QUERY_COUNT]
    count = len(base)
    squares = np.einsum("ij,ij->i", base, base)
    truth = np.full((len(made), QUERY_COUNT, TRUTH_DEPTH), -1, np.int32)
    away = np.full(truth.shape, np.inf, np.float32)
    counts = np.empty((len(made), QUERY_COUNT), np.int64)
    step = 20
    for first in range(0, QUERY_COUNT, step):
        roughly = datasets.approximate_distances(
            dataset.metric, queries[first : first + step], base, squares
        )
        for number, (cell, bitmaps) in enumerate(made):
            passing = np.flatnonzero(unpack(bitmaps[0], count))
            for i in range(len(roughly)):
                query = first + i
                if cell.is_per_query:
                    passing = np.flatnonzero(unpack(bitmaps[query], count))
                counts[number, query] = len(passing)
                rows, exact = datasets.nearest(
                    dataset.metric,
                    queries[query],
                    base,
                    passing,
                    roughly[i][passing],
                    TRUTH_DEPTH,
                )
                truth[number, query, : len(rows)] = rows
                away[number, query, : len(rows)] = exact
        print(f"{dataset.name}: filters of {first + step}/{QUERY_COUNT} queries", flush=True)
    for number, (cell, _) in enumerate(made):
        datasets.save(file_of(dataset, cell, "truth"), truth[number])
        datasets.save(file_of(dataset, cell, "distances"), away[number])
        datasets.save(file_of(dataset, cell, "counts"), counts[number])


def is_made(dataset: Dataset) -> bool:
    about = folder_of(dataset) / "about.json"
    source = json.loads((dataset.folder / "about.json").read_text())["sha256"]["base"]
    return about.exists() and json.loads(about.read_text()) == {"version": VERSION, "base": source}


def make(dataset: Dataset) -> None:
    if is_made(dataset):
        return
    folder_of(dataset).mkdir(exist_ok=True)
    print(f"{dataset.name}: making filters", flush=True)
    made: list[tuple[Cell, Array]] = []
    for cell, bitmaps in bitmaps_of(dataset):
        path = file_of(dataset, cell, "bitmaps")
        datasets.save(path, bitmaps)
        made.append((cell, np.load(path, mmap_mode="r")))
    solve(dataset, made)
    source = json.loads((dataset.folder / "about.json").read_text())["sha256"]["base"]
    (folder_of(dataset) / "about.json").write_text(
        json.dumps({"version": VERSION, "base": source})
    )


def load(dataset: Dataset, cell: Cell) -> Filter:
    """Requires: make() was called."""
    return Filter(
        cell,
        np.load(file_of(dataset, cell, "bitmaps"), mmap_mode="r"),
        np.load(file_of(dataset, cell, "truth")),
        np.load(file_of(dataset, cell, "distances")),
        np.load(file_of(dataset, cell, "counts")),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="debian,clustered,wide")
    for name in parser.parse_args().only.split(","):
        make(datasets.load(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
