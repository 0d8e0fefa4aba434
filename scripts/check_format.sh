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
status=0
for file in $(git ls-files '*.c' '*.h'); do
    [ -e "$file" ] || continue # removed in the work tree, not yet in git
    if ! clang-format --dry-run -Werror "$file" 2>/dev/null; then
        echo "format: $file: not as clang-format leaves it; run make format"
        status=1
    fi
done
[ $status -ne 0 ] || echo "format: every C file is as clang-format leaves it"
exit $status
