#!/bin/sh
# Shows on a Mac that the dists of //tests/integration/macos:calculators work: check.sh tells how.
#
# usage: check_all.sh DIRECTORY MACHINE      (arm64 or x86_64)

set -eu

if [ $# != 2 ]; then
    sed -n 's/^# \{0,1\}//; 4p' "$0" >&2
    exit 2
fi
here=$(cd -P -- "$(dirname -- "$0")" && pwd -P)

SHOW="prefix @ROOT@/@HOME@
pixel 7
home of children None"

# LAYOUT PROGRAM PYTHON HOME: one dist's program that embeds Python, and its interpreter.
check() {
    archive=$directory/calculator_$1_$machine.tar.gz
    shown=$(printf '%s' "$SHOW" | sed "s|/@HOME@|$4|")
    "$here/check.sh" "$archive" "$2" "$shown"
    "$here/check.sh" "$archive" "$2" '42' '6 * 7'
    "$here/check.sh" "$archive" "$3" "@ROOT@$4 @ROOT@/$3" \
        -c 'import _ctypes, _curses, _ssl, sys, PIL.Image; print(sys.prefix, sys.executable)'
}

directory=$1
machine=$2
NUMPY='__import__("numpy").linalg.inv([[2.0, 0.0], [0.0, 4.0]]).tolist()'

check prefix bin/calculator bin/python3.11 ''
check application bin/calculator python/bin/python3.11 /python
"$here/check.sh" "$directory/calculator_prefix_$machine.tar.gz" bin/calculator \
    '[[0.5, 0.0], [0.0, 0.25]]' "$NUMPY"
