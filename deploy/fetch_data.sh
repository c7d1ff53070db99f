#!/bin/bash
# Downloads the quickstart's data from its public homes into the folder given: resumable, checked, licences shown.
# Exit status 1, and nothing half-written in the way, where the network is not there.
set -euo pipefail
out=${1:?"usage: fetch_data.sh FOLDER"}

# fetch PATH LICENCE SHA256-or-"" URL
fetch() {
  local path=$out/$1 licence=$2 sha256=$3 url=$4
  if [ ! -e "$path" ]; then
    echo "$1: $licence, from $url"
    mkdir -p "$(dirname "$path")"
    curl --fail --location --silent --show-error --connect-timeout 10 --retry 2 --continue-at - \
      --output "$path.part" "$url" || return 1
    if [ -n "$sha256" ] && ! echo "$sha256  $path.part" | sha256sum --check --quiet; then
      rm -f "$path.part"
      return 1
    fi
    mv "$path.part" "$path"
  fi
  sha256sum "$path"
}

command -v curl >/dev/null || { echo "curl is missing" >&2; exit 1; }
c4=https://huggingface.co/datasets/allenai/c4/resolve/main/en
fetch c4/c4-train.00000-of-01024.json.gz "ODC-BY" "" "$c4/c4-train.00000-of-01024.json.gz"
fetch c4/c4-validation.00000-of-00008.json.gz "ODC-BY" "" "$c4/c4-validation.00000-of-00008.json.gz"
fetch alpaca/alpaca_data.json "CC BY-NC 4.0" "" \
  https://raw.githubusercontent.com/tatsu-lab/stanford_alpaca/main/alpaca_data.json
fetch eval/commonsenseqa/dev_rand_split.jsonl "none stated" "" \
  https://s3.amazonaws.com/commonsensqa/dev_rand_split.jsonl
