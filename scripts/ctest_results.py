#!/usr/bin/python3
"""Reads what `ctest --output-junit` wrote and says it in one line a program;
appends "pass|fail|skip", the suite and the test, separated by tabs, to the
file of results. A cmocka program counts by the tests inside it.

    ctest_results.py JUNIT-FILE SUITE RESULTS-FILE
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

SKIPPED = re.compile(r"^skipped: (.*)$", re.M)  # why, as a program says it
CMOCKA = re.compile(r"^\[\s*(OK|FAILED|SKIPPED)\s*\] (\S+)$", re.M)
KINDS = {"OK": "pass", "FAILED": "fail", "SKIPPED": "skip"}


def tests_of(case):
    """[(kind, name)] of one program."""
    program = case.get("name")
    output = case.findtext("system-out") or ""
    inside = {}
    for word, name in CMOCKA.findall(output):
        # cmocka lists the failed and skipped ones again at its end.
        inside[name] = KINDS[word]
    tests = [(kind, f"{program}: {name}") for name, kind in inside.items()]
    status = case.get("status")
    if status == "run":
        return tests or [("pass", program)]
    skipped = case.find("skipped")
    if skipped is not None and "SKIP" in skipped.get("message", ""):  # SKIP_RETURN_CODE
        why = SKIPPED.search(output)
        return [("skip", f"{program} ({why[1]})" if why else program)]
    if not any(kind == "fail" for kind, _ in tests):
        tests.append(("fail", f"{program}: ended badly"))  # a crash, a leak, a sanitizer
    return tests


def main():
    junit, suite, results = sys.argv[1:]
    totals = {"pass": 0, "fail": 0, "skip": 0}
    with open(results, "a") as out:
        for case in ElementTree.parse(junit).getroot().iter("testcase"):
            tests = tests_of(case)
            for kind, name in tests:
                totals[kind] += 1
                out.write(f"{kind}\t{suite}\t{name}\n")
            seconds = float(case.get("time", 0))
            is_bad = any(kind == "fail" for kind, _ in tests)
            word = "FAILED" if is_bad else "ok"
            plural = "s" if len(tests) != 1 else ""
            print(f"  {word:7} {seconds:5.1f} s  {case.get('name')}, {len(tests)} test{plural}")
            for kind, name in tests:
                if kind == "skip":
                    print(f"  skipped          {name}")
            if is_bad:
                output = (case.findtext("system-out") or "").strip()
                print("    " + output[-6000:].replace("\n", "\n    "))
    return 1 if totals["fail"] or not sum(totals.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
