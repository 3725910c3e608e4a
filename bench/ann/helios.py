"""The vector index of HeliosDB, and whatever else implements helios_ann_bench.h, over ctypes."""

import ctypes
import time
from pathlib import Path

import debian
import numpy as np
from index import Answers, Array, Query

LIBRARY = debian.ROOT / "build" / "release" / "lib" / "libhelios_ann_bench.so"
METRICS = {"l2": 0, "cosine": 1}
CODES = {"full": 0, "flat": 0, "sq8": 1, "rabitq": 2, "pq": 3, "copy": 4}
STRATEGIES = {
    "planned": -1,
    "walk": 0,
    "return_all": 1,
    "exact": 2,
    "filtered_walk": 3,
    "bridged_walk": 4,
}
STRATEGY_NAMES = {code: name for name, code in STRATEGIES.items()}


class Batch(ctypes.Structure):
    _fields_ = [
        ("queries", ctypes.c_void_p),
        ("query_count", ctypes.c_uint64),
        ("k", ctypes.c_uint32),
        ("effort", ctypes.c_uint32),
        ("passing", ctypes.c_void_p),
        ("passing_words", ctypes.c_uint64),
        ("passing_stride", ctypes.c_uint64),
        ("strategy", ctypes.c_int32),
        ("ordinals", ctypes.c_void_p),
        ("nanoseconds", ctypes.c_void_p),
        ("distance_counts", ctypes.c_void_p),
        ("strategies", ctypes.c_void_p),
    ]


def open_library(path: Path) -> ctypes.CDLL:
    if not path.exists():
        raise RuntimeError(f"{path} is not built")
    library = ctypes.CDLL(str(path))
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    u32, u64, integer = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int
    signatures = {
        "Error": (text, []),
        "CreateHnsw": (pointer, [integer, u32, u32, u32, integer]),
        "CreateIvf": (pointer, [integer, u32, u32, integer, u32]),
        "Free": (None, [pointer]),
        "Build": (integer, [pointer, pointer, u64, u64, u32]),
        "Save": (integer, [pointer, text]),
        "Load": (integer, [pointer, text, pointer, u64, u64]),
        "MemoryBytes": (u64, [pointer]),
        "Search": (integer, [pointer, ctypes.POINTER(Batch)]),
        "Delete": (integer, [pointer, u64]),
        "Insert": (ctypes.c_int64, [pointer, pointer]),
        "Repair": (integer, [pointer, u32]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, f"HeliosAnn{name}")
        function.restype = result
        function.argtypes = arguments
    return library


class NativeIndex:
    """Keeps the vectors that it is built from, as the library does not copy them."""

    def __init__(self, library: Path, kind: str, metric: str, dimensions: int, **options: str):
        self.library = open_library(library)
        codes = CODES[options.pop("codes", "full")]
        if kind == "hnsw":
            m, ef = int(options.pop("m", "16")), int(options.pop("efc", "200"))
            handle = self.library.HeliosAnnCreateHnsw(METRICS[metric], dimensions, m, ef, codes)
        else:
            lists, size = int(options.pop("lists", "0")), int(options.pop("bytes", "0"))
            handle = self.library.HeliosAnnCreateIvf(
                METRICS[metric], dimensions, lists, codes, size
            )
        self.strategy = options.pop("strategy", "planned")
        self.capacity_factor = float(options.pop("capacity", "1"))
        if options:
            raise ValueError(f"unknown options: {', '.join(options)}")
        if not handle:
            raise self.error()
        self.handle = ctypes.c_void_p(handle)
        self.vectors: Array | None = None

    def error(self) -> RuntimeError:
        return RuntimeError(self.library.HeliosAnnError().decode())

    def keep(self, vectors: Array) -> tuple[int, int, int]:
        """The address, the rows that are there and those for which there is room."""
        count = len(vectors)
        capacity = int(count * self.capacity_factor)
        if capacity > count:
            room = np.empty((capacity, vectors.shape[1]), np.float32)
            room[:count] = vectors
            vectors = room
        self.vectors = vectors
        return vectors.ctypes.data, count, capacity

    def build(self, vectors: Array, thread_count: int) -> None:
        address, count, capacity = self.keep(vectors)
        if self.library.HeliosAnnBuild(self.handle, address, count, capacity, thread_count):
            raise self.error()

    def save(self, path: Path) -> bool:
        return self.library.HeliosAnnSave(self.handle, str(path).encode()) == 0

    def load(self, path: Path, vectors: Array) -> bool:
        address, count, capacity = self.keep(vectors)
        name = str(path).encode()
        return self.library.HeliosAnnLoad(self.handle, name, address, count, capacity) == 0

    def counted_bytes(self) -> int:
        return int(self.library.HeliosAnnMemoryBytes(self.handle))

    def search(self, query: Query) -> Answers:
        vectors = np.ascontiguousarray(query.vectors, np.float32)
        count = len(vectors)
        ordinals = np.empty((count, query.k), np.int64)
        nanoseconds = np.empty(count, np.uint64)
        distances = np.zeros(count, np.uint64)
        strategies = np.zeros(count, np.int32)
        batch = Batch(
            queries=vectors.ctypes.data,
            query_count=count,
            k=query.k,
            effort=query.effort,
            strategy=STRATEGIES[
                self.strategy if query.strategy == "planned" else query.strategy
            ],
            ordinals=ordinals.ctypes.data,
            nanoseconds=nanoseconds.ctypes.data,
            strategies=strategies.ctypes.data,
        )
        if query.is_counted:
            batch.distance_counts = distances.ctypes.data
        # Bitmaps come mapped: what is not in memory yet would be read while the clock runs.
        passing = None if query.passing is None else np.array(query.passing, np.uint64)
        if passing is not None:
            batch.passing = passing.ctypes.data
            batch.passing_words = passing.shape[1]
            batch.passing_stride = passing.shape[1] if len(passing) > 1 else 0
        started = time.thread_time()
        if self.library.HeliosAnnSearch(self.handle, ctypes.byref(batch)):
            raise self.error()
        return Answers(
            ordinals,
            time.thread_time() - started,
            nanoseconds,
            float(distances.mean()) if query.is_counted else None,
            strategies,
        )

    def delete(self, ordinal: int) -> None:
        if self.library.HeliosAnnDelete(self.handle, ordinal):
            raise self.error()

    def insert(self, vector: Array) -> int:
        vector = np.ascontiguousarray(vector, np.float32)
        ordinal = int(self.library.HeliosAnnInsert(self.handle, vector.ctypes.data))
        if ordinal < 0:
            raise self.error()
        return ordinal

    def repair(self, node_count: int) -> bool:
        result = self.library.HeliosAnnRepair(self.handle, node_count)
        if result < 0:
            raise self.error()
        return result == 1
