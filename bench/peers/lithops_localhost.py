"""The measures of bench/executor.mjs for Lithops on its localhost backend; prints one line of JSON, times in ms."""

import json
import sys
import time


PATIENCE = 120


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
        # A job it never ends (seen with the fourth job of an executor) must not end the bench.
        return on.get_result(on.map(function, items), timeout=PATIENCE, show_progressbar=False)

    def note(key, measure):
        """Each figure is printed as soon as it is known: a run that is cut short has told what it had."""
        try:
            figures[key] = round(measure(), 2)
        except TimeoutError:
            figures[key] = None
        print(json.dumps(figures), flush=True)

    note("cold", lambda: timed(lambda: run(executor(), increment, [1])))
    note("warm", lambda: timed(lambda: run(executors[0], increment, [1])))
    note("noop", lambda: 50 / (timed(lambda: run(executor(), increment, list(range(50)))) / 1000))
    for workers in (2, 8):
        ideal = -(-40 // workers) * 100
        note(f"sleep{workers}", lambda: 100 * ideal / timed(lambda: run(executor(workers), sleep, [0.1] * 40)))
    for size in (64 * 1024, 10 * 1024 * 1024):
        note(f"results{size}", lambda: timed(lambda: run(executor(), make, [size] * 100)))
    for one in executors:
        one.clean(on_exit=True)


if __name__ == "__main__":
    sys.exit(main())
