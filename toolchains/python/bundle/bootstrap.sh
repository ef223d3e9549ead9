%shebang%
# What Bazel makes of a Python program here: it starts the Python among the program's runfiles, where the
# machine may have none of its own. Between % is what Bazel puts in; %target% is the program.
set -eu

fail() {
  printf '%s: error: %s\n' "$0" "$*" >&2
  exit 1
}

# The directory of runfiles is beside the program, or around it if another brings it along.
program=$0
case $program in
  /*) ;;
  *) program=$PWD/$program ;;
esac
until [ -d "$program.runfiles" ]; do
  case $program in
    *.runfiles/*) break ;;
  esac
  [ -L "$program" ] || fail "wanted runfiles in $program.runfiles, found no such directory: build %target%"
  link=$(readlink "$program")
  case $link in
    /*) program=$link ;;
    *) program=${program%/*}/$link ;;
  esac
done
if [ -d "$program.runfiles" ]; then
  runfiles=$program.runfiles
else
  runfiles=${program%.runfiles/*}.runfiles
fi

# there PATH: a path that Bazel gives from the main repository, whose directory may not be there.
there() {
  case $1 in
    /*) printf '%s' "$1" ;;
    '%workspace_name%/../'*) printf '%s' "$runfiles/${1#'%workspace_name%/../'}" ;;
    */*) printf '%s' "$runfiles/$1" ;;
    *) command -v "$1" ;;
  esac
}

# As the directory of a script would be in front, but where the runfiles are: they link to sources, beside
# which there may be what this program does not depend on.
main=$(there '%main%')
path=${main%/*}:$runfiles
imports='%imports%':
while [ -n "${imports#:}" ]; do
  path=$path:$runfiles/${imports%%:*}
  imports=${imports#*:}
done
# Other modules' programs may count on their repository's directory: Bazel's own start script gives all of them.
case '%import_all%' in
  True) for repository in "$runfiles"/*/; do path=$path:${repository%/}; done ;;
  *) path=$path:$runfiles/%workspace_name% ;;
esac
export RUNFILES_DIR="$runfiles"
# Packages that a user has installed are none of the build's. Not even where they would be is asked for.
export PYTHONUSERBASE=/nonexistent
export PYTHONPATH="$path${PYTHONPATH:+:$PYTHONPATH}"
exec "$(there '%python_binary%')" -sP "$main" "$@"
