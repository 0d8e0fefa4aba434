#!/bin/sh
# What the style forbids and a search can find: functions that overflow or that
# hide errors, sleeping tests, mutable globals (in objects already built).
#
#   check_banned.sh [BUILD-FOLDER]
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
status=0

# Comments and strings may name them.
strip='s,"(\\.|[^"\\])*","",g; s,/\*.*\*/,,; s,//.*,,; /^ *\/?\*/d'

search() { # WHAT PATTERN FILES…
    what=$1 pattern=$2
    shift 2
    for file; do
        [ -e "$file" ] || continue # removed in the work tree, not yet in git
        found=$(sed -E "$strip" "$file" | grep -nE "$pattern" || true)
        if [ -n "$found" ]; then
            echo "banned: $file: $what"
            status=1
        fi
    done
}

# File names of this project have no spaces.
# shellcheck disable=SC2046
search 'strcpy, strcat, sprintf, strtok, atoi, gets or alloca' \
    '(^|[^_[:alnum:]])(strcpy|strcat|v?sprintf|strtok|ato[ifl]|atoll|gets|alloca)[[:space:]]*\(' \
    $(git ls-files '*.c' '*.h')
# shellcheck disable=SC2046
search 'a test that sleeps' '(^|[^_[:alnum:]])(sleep|usleep|nanosleep|clock_nanosleep)[[:space:]]*\(' \
    $(git ls-files 'tests/*.c' 'tests/*.h')

# Data that can change belongs into a struct that somebody owns. Allowed: the
# log's own state, and flags that a signal handler sets.
allowed='^libbase.a:current_log$|:[a-z_]*signal[a-z_]*$'
for library in "$build"/src/*/lib*.a; do
    [ -e "$library" ] || continue
    for symbol in $(objdump -t "$library" 2>/dev/null |
        awk '$3 == "O" && ($4 ~ /^\.(data|bss)(\.|$)/) && $4 !~ /rel\.ro/ { print $NF }'); do
        name="$(basename "$library"):${symbol%%.[0-9]*}"
        if ! echo "$name" | grep -qE "$allowed"; then
            echo "banned: $name: a mutable global"
            status=1
        fi
    done
done

[ $status -ne 0 ] || echo "banned: nothing of it is used"
exit $status
