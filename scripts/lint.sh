#!/bin/sh
# Called by `make lint`: everything that reads the code without running it.
# Ends with what was not there to be run.
set -eu
cd "$(dirname "$0")/.."
status=0
absent=

step() {
    echo "== $*"
    "$@" || [ $? -eq 77 ] || status=1 # 77: skipped, as it has said
}

step scripts/check_layers.py
step scripts/check_systems.py
step scripts/check_circles.py build
step scripts/check_api.py build
step scripts/check_format.sh
step scripts/check_size.py
step scripts/check_banned.sh build
step scripts/check_flags.py build
step scripts/check_types.sh
step scripts/check_targets.py

if command -v shellcheck >/dev/null; then
    # shellcheck disable=SC2046
    step shellcheck $(git ls-files '*.sh' .ci/run)
else
    absent="$absent shellcheck"
fi

if command -v cppcheck >/dev/null; then
    step cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
        --suppress=missingIncludeSystem --suppress=internalAstError \
        --suppress=returnDanglingLifetime --error-exitcode=1 -j "$(nproc)" -I src src
else
    absent="$absent cppcheck"
fi

if command -v clang-tidy >/dev/null; then
    # gcc's own options would be unknown to clang. What is for other systems
    # has no headers here.
    git ls-files 'src/*.c' | grep -vE '/(bsd|darwin|freebsd)/' |
        xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build \
            --extra-arg=-Wno-unknown-warning-option 2>/dev/null || status=1
    echo "== clang-tidy done"
else
    absent="$absent clang-tidy"
fi

[ -z "$absent" ] || echo "not installed, left out:$absent"
exit $status
