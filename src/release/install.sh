#!/bin/sh
# Installs hone @VERSION@: sh install.sh [--from URL|DIR] [--to DIR]
#   --from  where the files of the release lie (default: @URL@)
#   --to    folder for the program (default: ~/.local/bin)
# The archive is checked against SHA256SUMS before anything is installed.
set -eu

version='@VERSION@'
from='@URL@'
to="${HOME:-}/.local/bin"

fail() {
  printf 'error: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf '\nhint: %s\n' "$2" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case "$1" in
    --from) from="${2:?--from needs a URL or a folder}"; shift 2 ;;
    --to) to="${2:?--to needs a folder}"; shift 2 ;;
    -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) fail "Unknown argument: $1" 'sh install.sh --help' ;;
  esac
done
[ -n "$from" ] || fail 'No place to install from' 'give a URL or a folder with --from'

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) target=linux-x64 ;;
  Linux-aarch64 | Linux-arm64) target=linux-arm64 ;;
  Darwin-arm64) target=darwin-arm64 ;;
  *) fail "There is no hone for $(uname -s) on $(uname -m)" 'Linux on x86-64 and arm64, macOS on Apple silicon; install.ps1 is for Windows' ;;
esac
archive="hone-$version-$target.tar.gz"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT INT TERM

get() {
  case "$from" in
    *://*)
      if command -v curl >/dev/null; then curl -fsSL "$from/$1" -o "$work/$1"
      elif command -v wget >/dev/null; then wget -q "$from/$1" -O "$work/$1"
      else fail 'Neither curl nor wget is installed'; fi ;;
    *) cp "$from/$1" "$work/$1" ;;
  esac || fail "Cannot get $1 from $from"
}
get SHA256SUMS
get "$archive"

if command -v sha256sum >/dev/null; then found="$(sha256sum "$work/$archive")"
elif command -v shasum >/dev/null; then found="$(shasum -a 256 "$work/$archive")"
else fail 'Neither sha256sum nor shasum is installed: the archive cannot be checked'; fi
wanted="$(awk -v name="$archive" '$2 == name { print $1 }' "$work/SHA256SUMS")"
[ -n "$wanted" ] || fail "SHA256SUMS does not name $archive"
[ "${found%% *}" = "$wanted" ] || fail "$archive is not what SHA256SUMS says" 'fetch it again; do not run it'

tar -xzf "$work/$archive" -C "$work"
mkdir -p "$to"
# Renamed into place: a running hone keeps the file that it was started from.
cp "$work/hone-$version-$target/hone" "$to/.hone.new"
chmod 755 "$to/.hone.new"
mv -f "$to/.hone.new" "$to/hone"
man="$to/../share/man/man1"
if mkdir -p "$man" 2>/dev/null; then cp "$work/hone-$version-$target/hone.1" "$man/hone.1"; fi

printf 'installed %s to %s\n' "$("$to/hone" --version)" "$to/hone"
case ":$PATH:" in
  *":$to:"*) printf 'next: hone doctor\n' ;;
  *) printf 'next: add %s to PATH, then hone doctor\n' "$to" ;;
esac
