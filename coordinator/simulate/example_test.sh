#!/bin/bash
# bonsai-simulate runs the example that is installed, and says the same as text and as JSON.
set -euo pipefail
binary=$1
shift
example=
for file in "$@"; do
  if [[ $(basename "$file") == cluster.textproto ]]; then example=$file; fi
done
"$binary" "$example" > "$TEST_TMPDIR/text"
"$binary" "$example" --json > "$TEST_TMPDIR/json"
head -3 "$TEST_TMPDIR/text"
grep -q '^tenant ' "$TEST_TMPDIR/text"
grep -q '^interactive ' "$TEST_TMPDIR/text"
python3 - "$TEST_TMPDIR/json" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
assert int(report["submitted"]) > 100, report["submitted"]
assert 0 < report["cpu_utilisation"] <= 1, report["cpu_utilisation"]
assert 0 < report["jain_index"] <= 1, report["jain_index"]
PYTHON
if "$binary" "$example.missing" 2> "$TEST_TMPDIR/problem"; then exit 1; fi
grep -q 'cannot be opened' "$TEST_TMPDIR/problem"
