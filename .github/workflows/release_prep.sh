#!/usr/bin/env bash
# Makes a release's archive in the working directory, and prints its notes.
#
#   .github/workflows/release_prep.sh vX.Y.Z            of that tag
#   .github/workflows/release_prep.sh vX.Y.Z COMMIT     of another commit, to see what it would be
#
# The name and the place of this file are those that the workflow which attests the archive calls.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tag=$1
commit=${2:-$tag}
version=${tag#v}
name=rules_relocatable

fail() {
  echo "release_prep.sh: error: $*" >&2
  exit 1
}

of_commit() { git -C "$project" show "$commit:$1"; }

# The changelog's section of this version, without its heading.
notes() { of_commit CHANGELOG.md | awk -v heading="## [$version]" '/^## / { on = index($0, heading) == 1; next } on'; }

[[ $tag =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "wanted a tag vX.Y.Z, found '$tag'"
found=$(of_commit MODULE.bazel | sed -n 's/^    version = "\(.*\)",$/\1/p' | head -n 1)
[ "$found" = "$version" ] || fail "wanted version $version in MODULE.bazel, found $found: tag another commit"
[ -n "$(notes)" ] || fail "wanted '## [$version] - DATE' in CHANGELOG.md, found no such section"
if [ "$commit" = "$tag" ]; then
  of_commit CHANGELOG.md | grep -qE "^## \[$version\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$" ||
    fail "wanted the day of release behind '## [$version] - ' in CHANGELOG.md, found another word"
  ! of_commit .bcr/metadata.template.json | grep -q OWNER ||
    fail "wanted who maintains the module in .bcr/metadata.template.json, found OWNER"
fi

# Bytes that follow from the commit: git writes its time, and gzip neither a name nor a time.
git -C "$project" archive --format=tar --prefix="$name-$version/" "$commit" | gzip -n -9 >"$name-$tag.tar.gz"

cat <<EOF
\`\`\`starlark
# MODULE.bazel
bazel_dep(name = "$name", version = "$version")
\`\`\`

$(notes)

Who has made this archive, and of which commit, can be
[verified](https://github.com/${GITHUB_REPOSITORY:-OWNER/$name}/blob/$tag/RELEASE.md#verify-a-release).
EOF
