#!/usr/bin/env bash
# Prints where promtool is, the checker of Prometheus' rules: on the PATH, or fetched once from Debian's package into .cache
# (unpacked, not installed). Exit code 1 and the reason on standard error where neither is to be had.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v promtool; then exit 0; fi
home=$PWD/.cache/promtool
tool=$home/usr/bin/promtool
if [ -x "$tool" ]; then
  echo "$tool"
  exit 0
fi
for needed in apt-get dpkg-deb; do
  command -v "$needed" >/dev/null || { echo "no promtool on the PATH, and no $needed to fetch it with" >&2; exit 1; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fetch() { (cd "$folder" && timeout 60 apt-get -qq download prometheus) >&2; }
# The lists of packages may be missing or old; only root can renew them.
fetch || { [ "$(id -u)" = 0 ] && timeout 60 apt-get -qq update >&2 && fetch; } || { echo 'the package prometheus cannot be fetched' >&2; exit 1; }
dpkg-deb --extract "$folder"/prometheus_*.deb "$folder/unpacked"
mkdir -p "$(dirname "$tool")"
mv "$folder/unpacked/usr/bin/promtool" "$tool"
echo "$tool"
