#!/bin/sh
# Installs what is missing of bazel/debian_packages.txt, then the pages' npm packages; silent and without root where
# nothing is.
set -eu
cd "$(dirname "$0")/.."
missing=
for package in $(grep -v '^#' bazel/debian_packages.txt); do
  # Node.js and npm may come from elsewhere, in packages that exclude Debian's.
  case $package in nodejs) command -v node >/dev/null && continue ;; npm) command -v npm >/dev/null && continue ;; esac
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exec bazel/install_node_modules.sh
if ! command -v apt-get >/dev/null; then
  echo "bonsai needs Debian 12 or a system with these packages:$missing" >&2
  exit 1
fi
root=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "these packages are missing, and neither root nor sudo is at hand:$missing" >&2; exit 1; }
  root=sudo
fi
echo "installing:$missing"
$root apt-get update -q
# Nothing that is installed here is to run as a service (prometheus would).
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' | $root tee /usr/sbin/policy-rc.d >/dev/null
  $root chmod +x /usr/sbin/policy-rc.d
  trap '$root rm -f /usr/sbin/policy-rc.d' EXIT
fi
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -q --no-install-recommends $missing
bazel/install_node_modules.sh
