#!/bin/sh
# Bundles src/ and the chart library into FOLDER/app.js and app.css. Without ESBUILD (no npm registry was reachable) the
# bundle is empty, and the coordinator serves pages without a script.
#
#   bundle.sh FOLDER [ESBUILD]
set -eu
out=$1
here=$(dirname "$0")
mkdir -p "$out"
if [ $# -lt 2 ]; then
  echo "pages: built without a script (no node_modules): tables sort by links, there are no charts" >&2
  : >"$out/app.js"
  : >"$out/app.css"
  : >"$out/uPlot-LICENSE"
  exit 0
fi
# The library lies beside the sources, wherever Bazel's links point.
"$2" "$here/src/main.ts" --bundle --minify --format=esm --target=es2021 --charset=utf8 --legal-comments=inline \
  --preserve-symlinks --log-level=warning --outfile="$out/app.js"
cp "$here/node_modules/uplot/LICENSE" "$out/uPlot-LICENSE"
