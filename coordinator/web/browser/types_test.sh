#!/bin/bash
# The TypeScript compiler, at its strictest, over the pages' script.
set -eu
cd "$(dirname "$0")"
skip() {
  echo "skipped: $1"
  if [ -n "${XML_OUTPUT_FILE:-}" ]; then
    printf '<testsuite name="types"><testcase name="types"><skipped message="%s"/></testcase></testsuite>\n' "$1" \
      >"$XML_OUTPUT_FILE"
  fi
  exit 0
}
[ -e node_modules/typescript/lib/tsc.js ] || skip "no node_modules"
command -v node >/dev/null || skip "no node"
node --preserve-symlinks node_modules/typescript/lib/tsc.js -p . --preserveSymlinks
