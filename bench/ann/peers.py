"""hnswlib, FAISS and usearch behind the interface of index.py.

hnswlib is compiled from its own headers with hnswlib_shim.cc, so that neither a query nor a filter
of its passes through Python; FAISS and usearch take a batch at a time, which does the same for
them. Where each query has a filter of its own, FAISS is called once for each: some microseconds of
a search of hundreds.
"""

import time
from pathlib import Path

import debian
import faiss
import numpy as np
from helios import NativeIndex
from index import Answers, Array, Query
from usearch.index import Index as UsearchGraph

HNSWLIB = debian.CACHE / "lib" / "libhnswlib_shim.so"


class Hnswlib(NativeIndex):
    def __init__(self, metric: str, dimensions: int, **options: str):
        super().__init__(HNSWLIB, "hnsw", metric, dimensions, **options)

    def build(self, vectors: Array, thread_count: int) -> None:
        super().build(vectors, thread_count)
        self.vectors = None  # It has copied them.


class Faiss:
    """`kind` is hnsw or ivf; `codes` flat, sq8 or pq."""

    def __init__(self, kind: str, metric: str, dimensions: int, **options: str):
        self.kind = kind
        self.codes = options.pop("codes", "flat")
        self.m = int(options.pop("m", "16"))
        self.ef_construction = int(options.pop("efc", "200"))
        self.lists = int(options.pop("lists", "0"))
        if options:
            raise ValueError(f"unknown options: {', '.join(options)}")
        self.metric = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
        self.dimensions = dimensions
        self.index: faiss.Index | None = None

    def description(self, count: int) -> str:
        # A byte for four dimensions of a product code.
        code = {"flat": "Flat", "sq8": "SQ8", "pq": f"PQ{self.dimensions // 4}"}[self.codes]
        if self.kind == "hnsw":
            return f"HNSW{self.m},{code}"
        return f"IVF{self.lists or round(4 * count**0.5)},{code}"

    def build(self, vectors: Array, thread_count: int) -> None:
        faiss.omp_set_num_threads(thread_count)
        index = faiss.index_factory(
            self.dimensions, self.description(len(vectors)), self.metric
        )
        if self.kind == "hnsw":
            index.hnsw.efConstruction = self.ef_construction
        if not index.is_trained:
            rows = np.random.default_rng(1).permutation(len(vectors))[:100_000]
            index.train(np.ascontiguousarray(vectors[np.sort(rows)]))
        # In pieces: of a mapped file no more than one is copied at a time.
        for first in range(0, len(vectors), 100_000):
            index.add(np.ascontiguousarray(vectors[first : first + 100_000]))
        self.adopt(index)

    def adopt(self, index: faiss.Index) -> None:
        self.index = index
        faiss.omp_set_num_threads(1)

    def save(self, path: Path) -> bool:
        faiss.write_index(self.index, str(path))
        return True

    def load(self, path: Path, vectors: Array) -> bool:
        self.adopt(faiss.read_index(str(path)))
        return True

    def parameters(self, effort: int, selector: faiss.IDSelector | None) -> faiss.SearchParameters:
        if self.kind == "hnsw":
            return faiss.SearchParametersHNSW(efSearch=effort, sel=selector)
        return faiss.SearchParametersIVF(nprobe=effort, sel=selector)

    def distance_count(self) -> int:
        if self.kind == "hnsw":
            return int(faiss.cvar.hnsw_stats.ndis)
        return int(faiss.cvar.indexIVF_stats.ndis)

    def search(self, query: Query) -> Answers:
        assert self.index is not None
        faiss.cvar.hnsw_stats.reset()
        faiss.cvar.indexIVF_stats.reset()
        queries = np.ascontiguousarray(query.vectors, np.float32)
        if query.passing is None or len(query.passing) == 1:
            ordinals, seconds = self.search_all(queries, query)
        else:
            ordinals, seconds = self.search_each(queries, query)
        count = self.distance_count() / len(queries) if query.is_counted else None
        return Answers(ordinals, seconds, distances=count)

    def search_all(self, queries: Array, query: Query) -> tuple[Array, float]:
        selector = None
        if query.passing is not None:
            words = np.array(query.passing[0])
            selector = faiss.IDSelectorBitmap(words.view(np.uint8))
        parameters = self.parameters(query.effort, selector)
        started = time.thread_time()
        _, ordinals = self.index.search(queries, query.k, params=parameters)
        return ordinals, time.thread_time() - started

    def search_each(self, queries: Array, query: Query) -> tuple[Array, float]:
        words = np.array(query.passing)
        parameters = [
            self.parameters(query.effort, faiss.IDSelectorBitmap(row.view(np.uint8)))
            for row in words
        ]
        ordinals = np.empty((len(queries), query.k), np.int64)
        away = np.empty((len(queries), query.k), np.float32)
        started = time.thread_time()
        for i, some in enumerate(parameters):
            self.index.search(
                queries[i : i + 1], query.k, params=some, D=away[i : i + 1], I=ordinals[i : i + 1]
            )
        return ordinals, time.thread_time() - started


class Usearch:
    """`codes` f32, bf16 or i8; its Python interface has no filters."""

    def __init__(self, metric: str, dimensions: int, **options: str):
        self.codes = options.pop("codes", "f32")
        self.metric = {"l2": "l2sq", "cosine": "cos"}[metric]
        m, ef = int(options.pop("m", "16")), int(options.pop("efc", "200"))
        if options:
            raise ValueError(f"unknown options: {', '.join(options)}")
        self.graph = UsearchGraph(
            ndim=dimensions,
            metric=self.metric,
            dtype=self.codes,
            connectivity=m,
            expansion_add=ef,
        )
        # usearch itself takes eight bits of vectors of length one only.
        self.offset: Array | None = None
        self.scale = 1.0

    def encode(self, vectors: Array) -> Array:
        if self.codes != "i8" or self.metric != "l2sq":
            return np.ascontiguousarray(vectors, np.float32)
        if self.offset is None:
            sample = vectors[:100_000]
            self.offset = np.median(sample, axis=0)
            self.scale = 127 / float(np.quantile(np.abs(sample - self.offset), 0.9999))
        scaled = np.rint((vectors - self.offset) * self.scale)
        return np.clip(scaled, -127, 127).astype(np.int8)

    def build(self, vectors: Array, thread_count: int) -> None:
        for first in range(0, len(vectors), 100_000):
            some = self.encode(vectors[first : first + 100_000])
            keys = np.arange(first, first + len(some), dtype=np.uint64)
            self.graph.add(keys, some, threads=thread_count)

    def save(self, path: Path) -> bool:
        self.graph.save(str(path))
        return True

    def load(self, path: Path, vectors: Array) -> bool:
        self.encode(vectors[:100_000])
        self.graph.load(str(path))
        return True

    def search(self, query: Query) -> Answers:
        assert query.passing is None
        queries = self.encode(query.vectors)
        self.graph.expansion_search = query.effort
        started = time.thread_time()
        found = self.graph.search(queries, query.k, threads=1)
        seconds = time.thread_time() - started
        count = found.computed_distances / len(queries) if query.is_counted else None
        return Answers(found.keys.astype(np.int64), seconds, distances=count)
