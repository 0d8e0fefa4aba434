#!/usr/bin/env bash
# Called by `make test`: builds the release and the sanitizer variant and runs
# everything that proves them; with "unit", for `make check`, the release and
# its unit tests. Each suite appends one line for each test to a file of
# results; the last line of the output sums it up.
#
# Tests whose end hangs on software that is not ours, such as a browser, have a
# second try when they fail. The summary counts and names each that was needed.
set -u
cd "$(dirname "$0")/.." || exit
export PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS="detect_leaks=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"

work=$(mktemp -d)
results=$work/results
: >"$results"
trap 'rm -rf "$work"' EXIT
jobs=$(nproc)

title() {
    printf '\n== %s (at %d s)\n' "$1" "$SECONDS"
}

# note KIND SUITE NAME
note() {
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$results"
}

# check SUITE NAME COMMAND…: one test, whose output matters when it fails. Exit
# 77 skips it; the last line, "skipped: …", says why.
check() {
    local suite=$1 name=$2 began=$SECONDS status=0
    shift 2
    "$@" >"$work/log" 2>&1 </dev/null || status=$?
    if [ $status -eq 0 ]; then
        note pass "$suite" "$name"
        printf '  ok      %3d.0 s  %s\n' $((SECONDS - began)) "$name"
    elif [ $status -eq 77 ]; then
        name="$name ($(sed -n '$s/^skipped: //p' "$work/log"))"
        note skip "$suite" "$name"
        printf '  skipped          %s\n' "$name"
    else
        note fail "$suite" "$name"
        printf '  FAILED  %3d.0 s  %s\n' $((SECONDS - began)) "$name"
        sed 's/^/    /' "$work/log"
        return 1
    fi
}

# shellcheck disable=SC2317 # called by way of check
build() { # PRESET FOLDER
    cmake --preset "$1" -G Ninja -DTUNNEL_TESTS=ON && cmake --build "$2" -j "$jobs"
}

unit_tests() { # FOLDER SUITE
    # The time ends what hangs, not what is slow on a busy machine.
    ctest --test-dir "$1" -j "$jobs" --timeout 3600 --output-junit "$work/junit.xml" >"$work/log" 2>&1
    if ! scripts/ctest_results.py "$work/junit.xml" "$2" "$results" 2>&1; then
        grep -q "^fail	$2" "$results" || { note fail "$2" "ctest"; cat "$work/log"; }
    fi
}

end_to_end() { # SUITE RUN-ARGUMENTS…
    local suite=$1
    shift
    local runner=(tests/e2e/run.py)
    [ -n "${LOSSY:-}" ] && runner=(tests/interop/lossy.sh "$LOSSY" tests/e2e/run.py)
    if ! "${runner[@]}" --suite "$suite" --results "$results" "$@"; then
        grep -q "^fail	$suite" "$results" || note fail "$suite" "the runner"
    fi
}

finish() {
    local kind
    local -A words=([fail]=failed [again]="tried twice" [skip]=skipped)
    for kind in fail again skip; do
        if grep -q "^$kind	" "$results"; then
            printf '\n%s, %d:\n' "${words[$kind]}" "$(grep -c "^$kind	" "$results")"
            grep "^$kind	" "$results" | cut -f2- | sed 's/\t/: /; s/^/  /'
        fi
    done
    printf '\nin %d s\n' "$SECONDS"
    awk -F'\t' '{ n[$1]++ } END {
        printf "%d passed, %d failed, %d skipped\n", n["pass"], n["fail"], n["skip"]
    }' "$results"
    grep -q '^fail	' "$results" && exit 1
    grep -q '^pass	' "$results" || exit 1
    exit 0
}

title "build"
check build "release" build release build || finish
if [ "${1:-}" = unit ]; then
    title "unit tests"
    unit_tests build unit
    finish
fi
check build "with AddressSanitizer and UBSan" build asan+ubsan build-asan

title "the source"
check source "includes keep to the layers" scripts/check_layers.py
check source "what is one system's is in its folder" scripts/check_systems.py
check source "no files need each other" scripts/check_circles.py build
check source "what is not static is called, or there for tests" scripts/check_api.py build
check source "as clang-format leaves it" scripts/check_format.sh
check source "files, functions and comments of a size" scripts/check_size.py
check source "nothing banned is used" scripts/check_banned.sh build
check source "the flags are written of as they are" scripts/check_flags.py build
check source "the types of web/ fit" scripts/check_types.sh
if command -v shellcheck >/dev/null; then
    # shellcheck disable=SC2046
    check source "shellcheck of the scripts" shellcheck -x $(git ls-files '*.sh' .ci/run)
else
    note skip source "shellcheck of the scripts: there is no shellcheck"
fi

title "the scripts that make calls"
end_to_end scripts tests/scripts

title "unit tests"
unit_tests build unit
title "unit tests under sanitizers"
unit_tests build-asan unit-asan

title "a person's first minutes"
check demo "scripts/demo.sh" timeout 300 scripts/demo.sh
check demo "test-local.sh" timeout 300 ./test-local.sh

title "end to end"
end_to_end e2e tests/e2e

title "an intermediary by the letter"
end_to_end conformance tests/conformance

title "faults at random"
end_to_end chaos tests/chaos

title "bounds of memory"
end_to_end memory --jobs 1 tests/memory

title "real NATs"
end_to_end lab --jobs 8 tests/lab

title "other implementations"
end_to_end interop --second-try --jobs 3 tests/interop

title "pages in browsers"
end_to_end web --second-try --jobs 2 tests/web

title "clients and servers that people use"
end_to_end clients --second-try --jobs 3 tests/clients tests/openai

title "other implementations, with 2 % of all UDP packets lost"
if tests/interop/lossy.sh 2 true 2>"$work/log"; [ $? -ne 77 ]; then
    # Junk is by aiortc, whose sender loses count of what is in flight where its
    # timeouts meet gap reports (docs/COMPATIBILITY.md), and stops for good.
    LOSSY=2 end_to_end interop-loss --second-try --jobs 2 --skip Follows --skip Junk tests/interop
else
    note skip interop-loss "all of it: $(cat "$work/log")"
fi

title "end to end under sanitizers"
TUNNEL_BUILD=build-asan end_to_end e2e-asan --slower 2 --skip Memory --skip Patience tests/e2e
TUNNEL_BUILD=build-asan end_to_end chaos-asan --slower 2 --skip Version1 tests/chaos
TUNNEL_BUILD=build-asan end_to_end conformance-asan --slower 2 --only Extensions tests/conformance

title "a whole run under valgrind"
if command -v valgrind >/dev/null; then
    TUNNEL_WRAP="valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect \
--show-leak-kinds=definite,indirect --error-exitcode=99" \
        end_to_end valgrind --slower 3 --only WholeRun tests/e2e
else
    note skip valgrind "a whole run: there is no valgrind"
fi

finish
