#!/usr/bin/python3
"""Runs test_*.py of the folders named, each TestCase class in a process of its
own, several at a time, and says what each test showed.

    run.py [--jobs N] [--results FILE] [--only TEXT] [--skip TEXT]
           [--second-try] [--whole] [--seed N] FOLDER…

Each test is one line; the file of --results gets "pass|fail|skip", the suite
and the test, separated by tabs. A class is ended after its `seconds`. On SIGINT
and SIGTERM all that run are ended, with whatever they have started.

--second-try is for what hangs on software that is not ours. A class of which
something failed runs once more, as a whole, and then that counts; the file of
results also names it, with "again".
"""

import argparse
import concurrent.futures
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
WORDS = {"pass": "ok", "fail": "FAILED", "skip": "skipped", "again": "AGAIN"}
HERE = os.path.dirname(os.path.abspath(__file__))


def load(path):
    sys.path[:0] = [os.path.dirname(path), HERE]
    name = os.path.basename(path)[:-3]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def classes_of(module):
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, unittest.TestCase):
            is_own = value.__module__ == module.__name__
            if is_own and unittest.defaultTestLoader.getTestCaseNames(value):
                yield value


def title(test):
    if not isinstance(test, unittest.TestCase) or not hasattr(test, "_testMethodName"):
        return str(test)
    return test.shortDescription() or test._testMethodName.removeprefix("test_").replace("_", " ")


class Reporter(unittest.TestResult):
    """Writes one JSON line for each test."""

    failed = None  # there is no test yet where a class cannot be set up

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.failed = None

    def say(self, kind, test, why=""):
        seconds = time.monotonic() - getattr(self, "began", time.monotonic())
        line = {"kind": kind, "test": title(test), "why": why, "seconds": seconds}
        line["note"] = getattr(test, "note", "")  # what it has measured
        print(json.dumps(line), flush=True)

    def addSuccess(self, test):
        self.say("pass", test)

    def addSkip(self, test, reason):
        self.say("skip", test, reason)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            kind = self.failures if issubclass(err[0], test.failureException) else self.errors
            self.note(test, f"{subtest}\n{kind[-1][1]}")

    def note(self, test, text):
        """A test fails once, however many of its parts do."""
        if self.failed is not test:
            self.failed = test
            self.say("fail", test, text)
        else:
            print(text, file=sys.stderr)


def run_class(path, name):
    cls = getattr(load(path), name)
    unittest.defaultTestLoader.loadTestsFromTestCase(cls).run(Reporter())


children = set()  # each leads a process group of its own
is_stopped = threading.Event()  # nothing may begin any more


def interrupt_children():
    for child in list(children):
        try:
            os.killpg(child.pid, signal.SIGINT)
        except ProcessLookupError:
            pass  # it has just ended


def start_class(path, cls, deadline):
    """Runs a class in a process; its result lines and what else it printed."""
    argv = [sys.executable, __file__, "--class", f"{path}:{cls.__name__}"]
    child = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        start_new_session=True,
    )
    children.add(child)
    try:
        out, err = child.communicate(timeout=deadline)
        why = f"the test process ended with {child.returncode}" if child.returncode else ""
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, 9)
        out, err = child.communicate()
        why = f"not done after {deadline} s"
    finally:
        children.discard(child)
    results = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    if why or not results:
        why = why or "no test was run"
        results.append({"kind": "fail", "test": cls.__name__, "why": why, "seconds": 0})
    return results, err


def run_twice(path, cls, deadline):
    """As start_class(), once more if something failed; what that was comes first."""
    results, err = start_class(path, cls, deadline)
    failed = [r for r in results if r["kind"] == "fail"]
    if not failed or is_stopped.is_set():
        return results, err
    why = "\n".join(r["why"] for r in failed) + err
    again = {**failed[0], "kind": "again", "why": why,
             "test": "; ".join(r["test"] for r in failed)}  # fmt: skip
    results, err = start_class(path, cls, deadline)
    return [again, *results], err


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--results")
    parser.add_argument("--suite", help="how to call this run in its results")
    parser.add_argument("--only", help="classes or files whose name contains this")
    parser.add_argument("--skip", action="append", default=[], help="leave out such classes or files")
    parser.add_argument("--slower", type=float, default=1, help="factor on each class's deadline")
    parser.add_argument("--second-try", action="store_true", help="for what failed")
    parser.add_argument("--whole", action="store_true", help="no part instead of a large test")
    parser.add_argument("--seed", type=int, help="of the tests that draw what they do")
    parser.add_argument("--class", dest="single", help=argparse.SUPPRESS)
    parser.add_argument("folders", nargs="*")
    args = parser.parse_args()
    # Under nohup it is ignored, and programs that we start would inherit that.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if args.single:
        run_class(*args.single.rsplit(":", 1))
        return 0
    if args.whole:
        os.environ["TUNNEL_TEST_WHOLE"] = "1"
    if args.seed is not None:
        os.environ["TUNNEL_TEST_SEED"] = str(args.seed)

    jobs = []
    for folder in args.folders:
        for file in sorted(os.listdir(folder)):
            if file.startswith("test_") and file.endswith(".py"):
                path = os.path.abspath(os.path.join(folder, file))
                for cls in classes_of(load(path)):
                    label = f"{file}:{cls.__name__}"
                    if args.only and args.only not in label:
                        continue
                    if not any(text in label for text in args.skip):
                        jobs.append((path, cls))
    # Those that take longest first, so that the others run meanwhile.
    jobs.sort(key=lambda job: (-getattr(job[1], "waits", 0), -getattr(job[1], "seconds", 120)))

    run = run_twice if args.second_try else start_class
    counts = {"pass": 0, "fail": 0, "skip": 0, "again": 0}
    lines = []
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:

        def stop(*_):
            is_stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            interrupt_children()
            sys.exit(1)

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        running = {}
        for path, cls in jobs:
            deadline = args.slower * getattr(cls, "seconds", 120)
            running[pool.submit(run, path, cls, deadline)] = (path, cls)
        for future in concurrent.futures.as_completed(running):
            path, cls = running[future]
            suite = args.suite or os.path.basename(os.path.dirname(path))
            results, err = future.result()
            for r in results:
                counts[r["kind"]] += 1
                word = WORDS[r["kind"]]
                name = f"{cls.__name__}: {r['test']}"
                more = r["why"] if r["kind"] == "skip" else r.get("note")
                more = f" ({more})" if more else ""
                print(f"  {word:7} {r['seconds']:5.1f} s  {name}{more}", flush=True)
                if r["kind"] in ("fail", "again"):
                    print("    " + r["why"].strip().replace("\n", "\n    "), flush=True)
                shown = name + more if r["kind"] == "skip" else name
                lines.append(f"{r['kind']}\t{suite}\t{shown}\n")
            if err.strip() and any(r["kind"] == "fail" for r in results):
                print("    " + err.strip().replace("\n", "\n    "), flush=True)
    if args.results:
        with open(args.results, "a") as file:
            file.writelines(lines)
    seconds = time.monotonic() - began
    summary = f"{counts['pass']} ok, {counts['fail']} failed, {counts['skip']} skipped"
    again = f", {counts['again']} tried twice" if counts["again"] else ""
    print(f"  {summary}{again} in {seconds:.0f} s")
    return 1 if counts["fail"] or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
