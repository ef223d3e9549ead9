#!/bin/sh
# Shows on a Mac what no other machine can show of a dist: that its signatures are good, that dyld
# finds all libraries, and that its programs run, wherever it lies.
#
# usage: check.sh ARCHIVE PROGRAM OUTPUT [ARGUMENT...]
#
#   ARCHIVE   of a dist, whose one directory it unpacks
#   PROGRAM   path in the dist
#   OUTPUT    what it has to print, in which @ROOT@ stands for the dist's directory

set -eu

if [ $# -lt 3 ]; then
    sed -n 's/^# \{0,1\}//; 5,9p' "$0" >&2
    exit 2
fi
archive=$1
program=$2
output=$3
shift 3

place=$(cd -P -- "$(mktemp -d)" && pwd -P)
trap 'chmod -R u+w "$place"; rm -rf "$place"' EXIT

fail() {
    printf 'check.sh: %s\n' "$*" >&2
    exit 1
}

say() {
    printf '== %s\n' "$*"
}

# ROOT COMMAND...: runs it without variables, and compares what it prints.
expect() {
    root=$1
    shift
    wanted=$(printf '%s' "$output" | awk -v root="$root" '{ gsub(/@ROOT@/, root); print }')
    found=$(env -i HOME=/nowhere "$@" 2>"$place/errors") || {
        cat "$place/errors" >&2
        fail "$* has ended with status $?"
    }
    [ "$found" = "$wanted" ] || fail "$*: wanted
$wanted
found
$found"
}

say "unpack $archive"
mkdir "$place/one"
tar -xf "$archive" -C "$place/one"
dist=$place/one/$(ls "$place/one")
[ -d "$dist" ] || fail "one directory is wanted in $archive"

say 'signatures: each page, and nothing that codesign would not make'
find "$dist" -type f | while IFS= read -r file; do
    case $(file -b "$file") in
        Mach-O*) codesign --verify --strict --verbose=4 "$file" 2>"$place/errors" || {
            cat "$place/errors" >&2
            fail "codesign does not take $file"
        } ;;
    esac
done

say 'as it is'
expect "$dist" "$dist/$program" "$@"

say 'nothing is loaded but the dist and what the system has'
env -i HOME=/nowhere DYLD_PRINT_LIBRARIES=1 "$dist/$program" "$@" >"$place/loaded" 2>&1
grep -q 'dyld.*: <' "$place/loaded" || fail 'dyld does not tell what it loads'
outside=$(sed -n 's|^dyld.*> ||p' "$place/loaded" |
    awk -v dist="$dist/" 'index($0, dist) != 1 && $0 !~ "^/usr/lib/|^/System/"')
[ -z "$outside" ] || fail "loaded from elsewhere: $outside"

say "the user's variables lead nowhere else"
expect "$dist" PYTHONHOME=/nowhere PYTHONPATH=/nowhere "$dist/$program" "$@"

say 'moved, to names with blanks, letters and what a path may hold'
for name in 'two words' 'é' "'\"\$(x)" 'a:b'; do
    mkdir "$place/$name"
    mv "$dist" "$place/$name/moved"
    dist=$place/$name/moved
    expect "$dist" "$dist/$program" "$@"
done

say 'by a link, and from where it lies'
ln -s "$dist/$program" "$place/link"
expect "$dist" "$place/link" "$@"
(cd "$dist" && expect "$dist" "./$program" "$@")

say 'read only'
chmod -R a-w "$dist"
expect "$dist" "$dist/$program" "$@"

say "$archive: all is well"
