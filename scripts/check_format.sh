#!/bin/sh
# Every C file must be as clang-format leaves it (`make format` does that).
set -eu
cd "$(dirname "$0")/.."
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
