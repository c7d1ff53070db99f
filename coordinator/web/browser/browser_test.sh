#!/bin/bash
# Starts the gallery and runs browser_test.mjs over it.
#
#   browser_test.sh GALLERY [FOLDER_FOR_SCREENSHOTS]
set -eu
gallery=$PWD/$1
pictures=${2:-}
cd "$(dirname "$0")"
skip() {
  echo "skipped: $1"
  if [ -n "${XML_OUTPUT_FILE:-}" ]; then
    printf '<testsuite name="browser"><testcase name="browser"><skipped message="%s"/></testcase></testsuite>\n' "$1" \
      >"$XML_OUTPUT_FILE"
  fi
  exit 0
}
[ -e node_modules/playwright-core/package.json ] || skip "no node_modules"
command -v node >/dev/null || skip "no node"
command -v chromium >/dev/null || skip "no chromium"

work=${TEST_TMPDIR:-$(mktemp -d)}
mkfifo "$work/stop"
# The gallery serves until the pipe that it reads from is closed.
"$gallery" . <"$work/stop" >"$work/address" &
exec 9>"$work/stop"
while [ ! -s "$work/address" ]; do
  kill -0 $! || exit 1
  sleep 0.05
done
status=0
HOME=$work node browser_test.mjs "http://$(head -1 "$work/address")" "$pictures" 9>&- || status=$?
exec 9>&-
wait $!
exit $status
