#!/usr/bin/env bash
# Called by `make test`: builds the release and the sanitizer variant and runs
# everything that proves them; with "unit", for `make check`, the release and
# its unit tests. Each suite has a file of results with one line for each test;
# the last line of the output sums them up.
#
# Most tests wait for something more than they compute, so there are lanes, which
# run at the same time, each one section after another. What a section has to
# say comes in one piece when it has ended.
#
# Tests whose end hangs on software that is not ours, such as a browser, have a
# second try when they fail. The summary counts and names each that was needed.
# shellcheck disable=SC2317 # nearly all is called by way of section
set -u
cd "$(dirname "$0")/.." || exit
export PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS="detect_leaks=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"

work=$(mktemp -d)
mkdir "$work/results"
jobs=$(nproc)

# lane FUNCTION: as a process group of its own, so that all of it can be ended.
declare -A lanes=()
lane() {
    set -m
    { set +m; "$1"; : >"$work/$1.ended"; } </dev/null &
    set +m
    lanes[$1]=$!
}

wait_for_lanes() {
    local lane
    wait
    for lane in "${!lanes[@]}"; do
        [ -e "$work/$lane.ended" ] || note fail lanes "$lane: it stopped before its end"
    done
    lanes=()
}

cleanup() {
    local group
    for group in "${lanes[@]}"; do
        kill -TERM -- "-$group"
    done
    wait
    rm -rf "$work"
} 2>/dev/null
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# section TITLE COMMAND…
section() {
    local title=$1 began=$SECONDS
    shift
    scratch=$(mktemp -d -p "$work")
    echo "-- $title, from $began s on"
    local status=0
    "$@" >"$scratch/out" 2>&1 || status=$?
    {
        flock 9
        printf '\n== %s (from %d to %d s)\n' "$title" "$began" "$SECONDS"
        cat "$scratch/out"
    } 9>"$work/turn"
    return "$status"
}

# note KIND SUITE NAME
note() {
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$work/results/$2"
}

has_failed() { # SUITE
    grep -qs '^fail	' "$work/results/$1"
}

# check SUITE NAME COMMAND…: one test, whose output matters when it fails. Exit
# 77 skips it; the last line, "skipped: …", says why.
check() {
    local suite=$1 name=$2 began=$SECONDS status=0
    shift 2
    "$@" >"$scratch/log" 2>&1 </dev/null || status=$?
    if [ "$status" -eq 0 ]; then
        note pass "$suite" "$name"
        printf '  ok      %3d.0 s  %s\n' $((SECONDS - began)) "$name"
    elif [ "$status" -eq 77 ]; then
        name="$name ($(sed -n '$s/^skipped: //p' "$scratch/log"))"
        note skip "$suite" "$name"
        printf '  skipped          %s\n' "$name"
    else
        note fail "$suite" "$name"
        printf '  FAILED  %3d.0 s  %s\n' $((SECONDS - began)) "$name"
        sed 's/^/    /' "$scratch/log"
        return 1
    fi
}

build() { # PRESET FOLDER
    cmake --preset "$1" -G Ninja -DTUNNEL_TESTS=ON && cmake --build "$2" -j "$jobs"
}

unit_tests() { # FOLDER SUITE
    # The time ends what hangs, not what is slow on a busy machine.
    ctest --test-dir "$1" -j "$jobs" --timeout 3600 --output-junit "$scratch/junit.xml" >"$scratch/log" 2>&1
    if ! scripts/ctest_results.py "$scratch/junit.xml" "$2" "$work/results/$2" 2>&1; then
        has_failed "$2" || { note fail "$2" "ctest"; cat "$scratch/log"; }
    fi
}

end_to_end() { # SUITE RUN-ARGUMENTS…
    local suite=$1
    shift
    local runner=(tests/e2e/run.py)
    [ -n "${LOSSY:-}" ] && runner=(tests/interop/lossy.sh "$LOSSY" tests/e2e/run.py)
    if ! "${runner[@]}" --suite "$suite" --results "$work/results/$suite" "$@"; then
        has_failed "$suite" || note fail "$suite" "the runner"
    fi
}

finish() {
    local kind results=$work/all
    cat "$work/results"/* >"$results"
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

# --- sections -------------------------------------------------------------------------

the_source() {
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
}

first_minutes() {
    check demo "scripts/demo.sh" timeout 300 scripts/demo.sh
    check demo "test-local.sh" timeout 300 ./test-local.sh
}

with_loss() {
    if tests/interop/lossy.sh 2 true 2>"$scratch/log"; [ $? -ne 77 ]; then
        # Junk is by aiortc, whose sender loses count of what is in flight where its
        # timeouts meet gap reports (docs/COMPATIBILITY.md), and stops for good.
        LOSSY=2 end_to_end interop-loss --second-try --jobs 2 --skip Follows --skip Junk \
            tests/interop
    else
        note skip interop-loss "all of it: $(cat "$scratch/log")"
    fi
}

end_to_end_asan() {
    export TUNNEL_BUILD=build-asan
    end_to_end e2e-asan --slower 2 --skip Memory --skip Patience tests/e2e
    end_to_end chaos-asan --slower 2 --skip Version1 tests/chaos
    end_to_end conformance-asan --slower 2 --only Extensions tests/conformance
}

under_valgrind() {
    if command -v valgrind >/dev/null; then
        TUNNEL_WRAP="valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect \
--show-leak-kinds=definite,indirect --error-exitcode=99" \
            end_to_end valgrind --slower 3 --only WholeRun tests/e2e
    else
        note skip valgrind "a whole run: there is no valgrind"
    fi
}

# --- lanes ----------------------------------------------------------------------------

# What is made for people and scripts, and our own tests of it.
release_lane() {
    section "the source" the_source
    section "the scripts that make calls" end_to_end scripts tests/scripts
    section "unit tests" unit_tests build unit
    section "a person's first minutes" first_minutes
    section "end to end" end_to_end e2e tests/e2e
    section "an intermediary by the letter" end_to_end conformance tests/conformance
    section "faults at random" end_to_end chaos tests/chaos
    section "real NATs" end_to_end lab --jobs 8 tests/lab
}

# With the software of others, a good part of which is theirs to wait for.
other_lane() {
    section "other implementations" end_to_end interop --second-try --jobs 3 tests/interop
    section "pages in browsers" end_to_end web --second-try --jobs 2 tests/web
    section "clients and servers that people use" \
        end_to_end clients --second-try --jobs 3 tests/clients tests/openai
    section "other implementations, with 2 % of all UDP packets lost" with_loss
    section "a whole run under valgrind" under_valgrind
}

# The longest: it begins with a build.
sanitizer_lane() {
    section "build with sanitizers" \
        check build "with AddressSanitizer and UBSan" build asan+ubsan build-asan || return
    section "unit tests under sanitizers" unit_tests build-asan unit-asan
    section "end to end under sanitizers" end_to_end_asan
}

section "build" check build "release" build release build || finish
if [ "${1:-}" = unit ]; then
    section "unit tests" unit_tests build unit
    finish
fi
lane sanitizer_lane
lane release_lane
lane other_lane
wait_for_lanes
# Compares speeds, so it has the machine for itself.
section "bounds of memory" end_to_end memory --jobs 1 tests/memory
finish
