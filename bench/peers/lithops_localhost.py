"""The measures of bench/executor.mjs for Lithops on its localhost backend; prints one line of JSON, times in ms."""

import json
import sys
import time


def increment(x):
    return x + 1


def sleep(seconds):
    time.sleep(seconds)


def make(size):
    return b"7" * size


def timed(work):
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def main():
    import lithops

    figures = {"version": lithops.__version__}
    quiet = {"log_level": "ERROR"}
    executors = []

    def executor(workers=None):
        options = {} if workers is None else {"worker_processes": workers}
        executors.append(lithops.LocalhostExecutor(**quiet, **options))
        return executors[-1]

    def run(on, function, items):
        return on.get_result(on.map(function, items), show_progressbar=False)

    figures["cold"] = timed(lambda: run(executor(), increment, [1]))
    warm = executors[0]
    figures["warm"] = sorted(timed(lambda: run(warm, increment, [1])) for _ in range(5))[2]
    figures["noop"] = 100 / (timed(lambda: run(warm, increment, list(range(100)))) / 1000)
    for workers in (2, 8):
        slots = executor(workers)
        ideal = -(-100 // workers) * 100
        figures[f"sleep{workers}"] = 100 * ideal / timed(lambda: run(slots, sleep, [0.1] * 100))
    figures["results65536"] = timed(lambda: run(warm, make, [65536] * 100))
    figures["results10485760"] = timed(lambda: run(warm, make, [10485760] * 100))
    for one in executors:
        one.clean(on_exit=True)
    print(json.dumps({key: round(value, 2) if isinstance(value, float) else value for key, value in figures.items()}))


if __name__ == "__main__":
    sys.exit(main())
