"""Vector indexes side by side on this machine: HeliosDB's, hnswlib, FAISS and usearch.

    make bench-ann
    make bench-ann ARGS="--quick"
    make bench-ann ARGS="--only filtered --sets clustered --rounds 3"

One thread asks, a round asks every engine in turn, and rates are compared at equal recall: the
efforts around it are measured and what lies between is interpolated. Rates are of the thread's
processor time, so that what else the machine does counts as little as it can; discard what was
measured under load all the same. Above 1 HeliosDB is faster.

Tables go to the terminal, and as a fragment for docs/benchmarks/vectors.md with all single
measurements to build/bench-ann/.
"""

import argparse
import csv
import dataclasses
import importlib.metadata
import os
import sys
import time
from pathlib import Path

import datasets
import debian
import filters
import helios
import measure
import updates
from datasets import Dataset
from engines import Build, Engine, Process, Search
from measure import Comparison, Point, Rate, Task

OUT = debian.ROOT / "build" / "bench-ann"
EXPERIMENTS = ("unfiltered", "filtered", "ivf", "updates")
SETS = ("debian", "clustered", "wide")
QUICK_SETS = ("clustered-100k",)
QUICK_EXPERIMENTS = ("unfiltered", "filtered")
QUICK_CELL_STEP = 3
THREAD_COUNT = 2
NOMINAL_EF = 64
FILTERED_EFFORTS = (10, 20, 40, 64, 112, 224, 448, 896)

# What each was best with where it was tried: see docs/benchmarks/vectors.md.
ENGINES = {
    "unfiltered": (
        "helios:m=16,efc=200",
        "hnswlib:m=16,efc=200",
        "hnswlib:m=24,efc=200",
        "faiss-hnsw:m=16,efc=200",
        "faiss-hnsw:m=16,efc=200,codes=sq8",
        "usearch:m=16,efc=200",
        "usearch:m=16,efc=200,codes=bf16",
        "usearch:m=16,efc=200,codes=i8",
    ),
    "filtered": ("helios:m=16,efc=200", "hnswlib:m=16,efc=200", "faiss-hnsw:m=16,efc=200"),
    "ivf": (
        "helios-ivf:codes=flat",
        "helios-ivf:codes=copy",
        "helios-ivf:codes=sq8",
        "helios-ivf:codes=rabitq",
        "helios-ivf:codes=pq",
        "faiss-ivf",
        "faiss-ivf:codes=sq8",
        "faiss-ivf:codes=pq",
    ),
    # hnswlib too would do, at milliseconds for each vector that takes a deleted one's place.
    "updates": ("helios:m=16,efc=200,capacity=1.6",),
}
QUICK_ENGINES = {
    "unfiltered": ("helios:m=16,efc=200", "hnswlib:m=16,efc=200"),
    "filtered": ("helios:m=16,efc=200", "hnswlib:m=16,efc=200"),
    "ivf": ("helios-ivf:codes=sq8", "faiss-ivf:codes=sq8"),
    "updates": (),
}
OUR_STRATEGIES = ("exact", "filtered_walk", "bridged_walk")


class Report:
    """Lines for people, a fragment in Markdown, and every measurement."""

    def __init__(self) -> None:
        self.markdown: list[str] = []
        self.rows: list[dict[str, object]] = []

    def heading(self, text: str) -> None:
        print(f"\n{text}", flush=True)
        self.markdown += ["", f"### {text}", ""]

    def table(self, header: list[str], lines: list[list[str]]) -> None:
        widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
        for line in [header, *lines]:
            first, *rest = [
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths))
            ]
            print("  ".join([first, *rest]).rstrip())
        self.markdown.append(f"| {' | '.join(header)} |")
        self.markdown.append("|---" + "|---:" * (len(header) - 1) + "|")
        self.markdown += [f"| {' | '.join(line)} |" for line in lines]

    def note(self, text: str) -> None:
        print(text, flush=True)
        self.markdown += ["", text]

    def points(self, experiment: str, dataset: str, cell: str, name: str, points: list[Point]):
        for point in points:
            for number, rate in enumerate(point.rates):
                self.rows.append(
                    {
                        "experiment": experiment,
                        "set": dataset,
                        "cell": cell,
                        "engine": name,
                        "effort": point.effort,
                        "recall": round(point.recall, 4),
                        "distances": point.distances,
                        "short": point.short_answers,
                        "round": number + 1,
                        "qps": round(rate, 1),
                    }
                )

    def write(self) -> None:
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "vectors.md").write_text("\n".join(self.markdown).strip() + "\n")
        if self.rows:
            with (OUT / "points.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, list(self.rows[0]))
                writer.writeheader()
                writer.writerows(self.rows)
        print(f"\n{OUT / 'vectors.md'} and points.csv written")


@dataclasses.dataclass(frozen=True)
class Settings:
    rounds: int
    half: str
    is_fresh: bool
    cell_step: int  # Every so manieth cell of a half.
    engines: dict[str, list[Engine]]


def start(engines: list[Engine], dataset: Dataset, is_fresh: bool) -> dict[Process, Build]:
    started: dict[Process, Build] = {}
    for engine in engines:
        process = Process(engine, dataset.name)
        build = process.prepare(THREAD_COUNT, is_fresh)
        started[process] = build
        print(
            f"{dataset.name}: {engine.name}: built in {build.seconds:.1f} s"
            f" ({build.processor_seconds:.1f} s of processors),"
            f" {build.resident_bytes / 2**20:.1f} MiB",
            flush=True,
        )
    return started


def sweep(
    engines: list[Engine], efforts: tuple[int, ...], dataset: Dataset, settings: Settings
) -> tuple[dict[Process, Build], dict[str, list[Point]]]:
    """All engines without a filter; their processes have ended."""
    processes = start(engines, dataset, settings.is_fresh)
    try:
        tasks = [Task(process, process.engine.name, Search(0), efforts) for process in processes]
        results = measure.measure(tasks, dataset, dataset.truth_distances, settings.rounds)
    finally:
        for process in processes:
            process.close()
    return processes, results


def show(rate: Rate | None, points: list[Point]) -> str:
    if rate is None:
        return f"– ({measure.best_recall(points):.3f})"
    return f"{'≥ ' if rate.is_bound else ''}{rate.rate:,.0f}"


def reference_of(names: list[str]) -> str | None:
    return next((name for name in names if name.startswith("hnswlib")), None)


def unfiltered(dataset: Dataset, settings: Settings, report: Report) -> float | None:
    """Returns how many times as fast ours is as the faster hnswlib at recall .95."""
    processes, results = sweep(
        settings.engines["unfiltered"], measure.HNSW_EFFORTS, dataset, settings
    )
    report.heading(f"{dataset.name}, {len(dataset.base):,} × {dataset.base.shape[1]}, no filter")
    header = ["engine", *(f"QPS at {recall:.2f}" for recall in measure.RECALLS)]
    header += ["distances at 0.95", "build s", "CPU s", "MiB", "bytes a vector"]
    lines = []
    for process, build in processes.items():
        points = results[process.engine.name]
        report.points("unfiltered", dataset.name, "", process.engine.name, points)
        rates = [measure.rate_at(points, recall) for recall in measure.RECALLS]
        middle = rates[1]
        lines.append(
            [
                process.engine.name,
                *(show(rate, points) for rate in rates),
                f"{middle.distances:,.0f}" if middle and middle.distances else "–",
                f"{build.seconds:,.1f}",
                f"{build.processor_seconds:,.1f}",
                f"{build.resident_bytes / 2**20:,.0f}",
                f"{build.resident_bytes / len(dataset.base):,.0f}",
            ]
        )
    report.table(header, lines)
    return compare_unfiltered(processes, results, report)


def compare_unfiltered(
    processes: dict[Process, Build], results: dict[str, list[Point]], report: Report
) -> float | None:
    ours = [process for process in processes if process.engine.is_ours]
    if not ours:
        return None
    first = ours[0]
    mine = measure.rate_at(results[first.engine.name], 0.95)
    best: dict[str, float] = {}
    for process in processes:
        rate = measure.rate_at(results[process.engine.name], 0.95)
        if not process.engine.is_ours and rate is not None:
            kind = process.engine.kind
            best[kind] = max(best.get(kind, 0), rate.rate)
    if mine is None:
        return None
    ratios = {kind: mine.rate / rate for kind, rate in best.items()}
    text = ", ".join(f"{ratio:.2f} × {kind}" for kind, ratio in ratios.items())
    report.note(f"{first.engine.name} at recall 0.95, beside the best of each: {text}.")
    peer = next((p for p in processes if p.engine.kind == "hnswlib"), None)
    if peer is not None:
        mine_built, theirs_built = processes[first], processes[peer]
        report.note(
            f"Beside {peer.engine.name}:"
            f" {mine_built.resident_bytes / theirs_built.resident_bytes:.2f} of the memory,"
            f" {mine_built.seconds / theirs_built.seconds:.2f} of the time to build."
        )
    return ratios.get("hnswlib")


def filtered(dataset: Dataset, settings: Settings, report: Report) -> list[Comparison | None]:
    """Returns ours beside hnswlib, for each cell."""
    filters.make(dataset)
    processes = list(start(settings.engines["filtered"], dataset, settings.is_fresh))
    report.heading(f"{dataset.name}, filtered, {settings.half} half, µs a query at recall 0.95")
    header = ["cell", "pass", *(process.engine.name for process in processes)]
    ours = next((process for process in processes if process.engine.is_ours), None)
    if ours is not None:
        header += [f"{ours.engine.name} at ef {NOMINAL_EF}", "best single", "to best", "to hnswlib"]
    comparisons: list[Comparison | None] = []
    lines: list[list[str]] = []
    try:
        for cell in cells_for(dataset, settings):
            lines.append(filtered_cell(dataset, cell, processes, settings, report, comparisons))
            print(f"  {dataset.name}: {' | '.join(lines[-1])}", flush=True)
    finally:
        for process in processes:
            process.close()
    report.table(header, lines)
    return comparisons


def summarize_filtered(comparisons: list[Comparison | None], report: Report) -> None:
    there = [comparison for comparison in comparisons if comparison is not None]
    if not there:
        return
    equal = [comparison.ratio for comparison in there if not comparison.finds_more]
    mean = measure.geometric_mean([comparison.ratio for comparison in there])
    text = f"filtered: {mean:.2f} × hnswlib, geometric mean of {len(there)} cells"
    if equal:
        text += f"; {measure.geometric_mean(equal):.2f} × over the {len(equal)} of them at equal recall"
    text += ". In the others (+) ours finds more, at its least effort."
    if len(there) < len(comparisons):
        text += f" In {len(comparisons) - len(there)} cells there is no recall that both have."
    report.note(text)


def cells_for(dataset: Dataset, settings: Settings) -> list[filters.Cell]:
    cells = [c for c in filters.cells_of(dataset) if settings.half in ("all", c.half)]
    return cells[:: settings.cell_step]


def microseconds(points: list[Point]) -> str:
    rate = measure.rate_at(points, 0.95)
    if rate is None:
        return f"– ({measure.best_recall(points):.3f})"
    return f"{'≤ ' if rate.is_bound else ''}{1e6 / rate.rate:,.0f}"


def filtered_cell(
    dataset: Dataset,
    cell: filters.Cell,
    processes: list[Process],
    settings: Settings,
    report: Report,
    comparisons: list[Comparison | None],
) -> list[str]:
    truth = filters.load(dataset, cell)
    search = Search(0, cell=cell, queries=filters.queries_of(settings.half))
    tasks = [Task(p, p.engine.name, search, FILTERED_EFFORTS) for p in processes]
    ours = next((process for process in processes if process.engine.is_ours), None)
    if ours is not None:
        for strategy in OUR_STRATEGIES:
            only = dataclasses.replace(search, strategy=strategy)
            tasks.append(Task(ours, strategy, only, FILTERED_EFFORTS))
    results = measure.measure(tasks, dataset, truth.truth_distances, settings.rounds)
    for name, points in results.items():
        report.points("filtered", dataset.name, cell.name, name, points)
    share = truth.counts.mean() / len(dataset.base)
    line = [cell.name, f"{share * 100:.3g} %"]
    line += [microseconds(results[process.engine.name]) for process in processes]
    if ours is None:
        return line
    mine = results[ours.engine.name]
    nominal = next((p for p in mine if p.effort >= NOMINAL_EF), mine[-1])
    codes = max(nominal.strategies, key=lambda code: nominal.strategies[code])
    line.append(
        f"{nominal.recall:.3f} @ {1e6 / nominal.rate:,.0f}, {helios.STRATEGY_NAMES[codes]}"
        + (f", {nominal.short_answers} short" if nominal.short_answers else "")
    )
    rate = measure.rate_at(mine, 0.95)
    single = {
        strategy: found
        for strategy in OUR_STRATEGIES
        if (found := measure.rate_at(results[strategy], 0.95)) is not None
    }
    best = max(single, key=lambda strategy: single[strategy].rate, default=None)
    if best is None:
        line += ["–", "–"]
    else:
        line.append(f"{1e6 / single[best].rate:,.0f}, {best}")
        line.append(f"{single[best].rate / rate.rate:.2f}" if rate else "–")
    reference = reference_of([process.engine.name for process in processes])
    if reference is None:
        return [*line, "–"]
    comparison = measure.compare(mine, results[reference], 0.95)
    comparisons.append(comparison)
    if comparison is None:
        return [*line, "–"]
    mark = " +" if comparison.finds_more else ""
    line.append(f"{comparison.ratio:.2f} at {comparison.recall:.3f}{mark}")
    return line


def inverted_file(dataset: Dataset, settings: Settings, report: Report) -> None:
    processes, results = sweep(
        settings.engines["ivf"], measure.IVF_EFFORTS, dataset, settings
    )
    report.heading(f"{dataset.name}, inverted files: recall and QPS by probes")
    efforts = [e for e in measure.IVF_EFFORTS if e in (1, 4, 16, 64, 256)]
    header = ["engine", *(f"{e} probes" for e in efforts), "QPS at 0.95", "build s", "MiB"]
    lines = []
    for process, build in processes.items():
        points = results[process.engine.name]
        report.points("ivf", dataset.name, "", process.engine.name, points)
        by_effort = {point.effort: point for point in points}
        lines.append(
            [
                process.engine.name,
                *(
                    f"{by_effort[e].recall:.3f} @ {by_effort[e].rate:,.0f}"
                    if e in by_effort
                    else ""
                    for e in efforts
                ),
                show(measure.rate_at(points, 0.95), points),
                f"{build.seconds:,.1f}",
                f"{build.resident_bytes / 2**20:,.0f}",
            ]
        )
    report.table(header, lines)


def updated(dataset: Dataset, settings: Settings, report: Report) -> None:
    report.heading(f"{dataset.name}, deleted and inserted again, ef {NOMINAL_EF}")
    header = ["engine", "share", "step", "recall", "p50 µs", "p99 µs", "short"]
    header += ["longest repair ms", "seconds"]
    lines = []
    for engine in settings.engines["updates"]:
        for share in (0.2, 0.5):
            process = Process(engine, dataset.name)
            try:
                process.prepare(THREAD_COUNT, settings.is_fresh)
                steps = process.update(updates.Plan(share, times=5, effort=NOMINAL_EF))
            finally:
                process.close()
            lines += [
                [
                    engine.name,
                    f"{share * 100:.0f} %",
                    step.name,
                    f"{step.recall:.4f}",
                    f"{step.p50_us:,.0f}",
                    f"{step.p99_us:,.0f}",
                    str(step.short_answers),
                    f"{step.repair_ms_max:.1f}",
                    f"{step.seconds:.1f}",
                ]
                for step in steps
            ]
            print(f"  {dataset.name}: {engine.name}: {share * 100:.0f} % done", flush=True)
    report.table(header, lines)


def describe_machine(report: Report) -> None:
    model = next(
        line.split(": ")[1]
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("faiss-cpu", "usearch")]
    report.note(
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} processors ({model}), load"
        f" {os.getloadavg()[0]:.1f} at the start; hnswlib 0.8.0 (-O3 -march=native),"
        f" {', '.join(versions)}; k 10, one thread asks, {THREAD_COUNT} threads build."
    )


def fits(engine: Engine, experiment: str) -> bool:
    if experiment == "filtered":
        return not engine.is_inverted_file and engine.kind != "usearch"
    if experiment == "updates":
        return engine.kind in ("helios", "hnswlib")
    return engine.is_inverted_file == (experiment == "ivf")


def parse(parser: argparse.ArgumentParser) -> tuple[list[str], list[str], Settings]:
    parser.add_argument("--only", default="", help=", ".join(EXPERIMENTS))
    parser.add_argument("--sets", default="", help=", ".join(datasets.RECIPES))
    parser.add_argument(
        "--engines", default="", help="such as 'helios:m=16 hnswlib:m=24,efc=200', for all"
    )
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument(
        "--half",
        choices=("tune", "report", "all"),
        default="report",
        help="of the queries and cells of filtered: tune while constants are chosen",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="build the peers' indexes again, for their times"
    )
    parser.add_argument("--quick", action="store_true", help="100,000 vectors, two engines")
    arguments = parser.parse_args()
    only = list(filter(None, arguments.only.split(",")))
    only = only or list(QUICK_EXPERIMENTS if arguments.quick else EXPERIMENTS)
    if unknown := set(only) - set(EXPERIMENTS):
        parser.error(f"there is no experiment {', '.join(sorted(unknown))}")
    sets = list(filter(None, arguments.sets.split(",")))
    sets = sets or list(QUICK_SETS if arguments.quick else SETS)
    if unknown := set(sets) - set(datasets.RECIPES):
        parser.error(f"there is no set {', '.join(sorted(unknown))}")
    texts = QUICK_ENGINES if arguments.quick else ENGINES
    try:
        chosen = [Engine.parse(text) for text in arguments.engines.split()]
        engines = {
            name: [e for e in chosen if fits(e, name)] or [Engine.parse(e) for e in texts[name]]
            for name in EXPERIMENTS
        }
    except ValueError as error:
        parser.error(str(error))
    rounds = arguments.rounds or (1 if arguments.quick else 5)
    step = QUICK_CELL_STEP if arguments.quick else 1
    return only, sets, Settings(rounds, arguments.half, arguments.fresh, step, engines)


def main() -> int:
    only, sets, settings = parse(argparse.ArgumentParser(description=__doc__.split("\n")[0]))
    report = Report()
    describe_machine(report)
    unfiltered_ratios: list[float] = []
    comparisons: list[Comparison | None] = []
    for name in sets:
        dataset = datasets.load(name)
        if "unfiltered" in only:
            ratio = unfiltered(dataset, settings, report)
            unfiltered_ratios += [ratio] if ratio else []
        if "filtered" in only:
            comparisons += filtered(dataset, settings, report)
        if "ivf" in only and settings.engines["ivf"]:
            inverted_file(dataset, settings, report)
        if "updates" in only and settings.engines["updates"]:
            updated(dataset, settings, report)
    report.heading("All sets")
    if unfiltered_ratios:
        mean = measure.geometric_mean(unfiltered_ratios)
        report.note(f"unfiltered: {mean:.2f} × hnswlib at recall 0.95, geometric mean.")
    summarize_filtered(comparisons, report)
    report.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
