#!/bin/sh
# Every C file must be as clang-format leaves it (`make format` does that). Its
# releases differ in small things, so one is law. Exit 77: there is another, or none.
set -eu
cd "$(dirname "$0")/.."
wanted=14
here=$(clang-format --version 2>/dev/null | sed -nE 's/.*version ([0-9]+)\..*/\1/p')
if [ "$here" != $wanted ]; then
    echo "skipped: needs clang-format $wanted (Debian 12's); here is ${here:-none}"
    exit 77
fi
# What is removed in the work tree, but not yet in git, is not there.
said=$(git ls-files '*.c' '*.h' | xargs -r ls 2>/dev/null |
    xargs -r -P "$(nproc)" -n 50 clang-format --dry-run -Werror 2>&1) && {
    echo "format: every C file is as clang-format leaves it"
    exit 0
}
bad=$(printf '%s\n' "$said" | sed -nE 's/^([^ :]+):[0-9]+:[0-9]+: error: .*/\1/p' | sort -u)
for file in $bad; do
    echo "format: $file: not as clang-format leaves it; run make format"
done
[ -n "$bad" ] || printf '%s\n' "$said"
exit 1
