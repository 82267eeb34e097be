#!/usr/bin/env bash
# Everything, in the order in which it fails fastest; the closing lines say what ran.
source "$(dirname "$0")/lib.sh"

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
summary=""
passed=0 failed=0 skipped=0

# stage NAME COMMAND… runs one stage and remembers how it went and which tests it ran.
stage() {
  local name=$1 start=$SECONDS result=ok
  shift
  printf '\n== %s\n' "$name"
  "$@" 2>&1 | tee "$logs/$name" || result=FAILED
  if [ $result = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  skipped=$((skipped + $(tests_skipped "$logs/$name")))
  summary+=$(printf '%-8s %-7s %6s s  %s' "$name" "$result" "$((SECONDS - start))" "$(tests_ran "$logs/$name")")$'\n'
}

# skip NAME WHY records a stage that could not run.
skip() {
  skipped=$((skipped + 1))
  summary+=$(printf '%-8s %-7s %6s    %s' "$1" skipped - "$2")$'\n'
}

tests_ran() { grep -E '^DONE ' "$1" | sed 's/^DONE //' | paste -sd';' | sed 's/;/; /g' || true; }
tests_skipped() { { grep -oE '^DONE .*' "$1" || true; } | { grep -oE '[0-9]+ skipped' || true; } | awk '{n += $1} END {print n + 0}'; }

stage lint scripts/test/lint.sh
stage unit scripts/test/unit.sh
stage lab scripts/lab/lab up
if grep -q "^lab .*FAILED" <<<"$summary"; then
  skip drift "the lab is not up"
  skip e2e "the lab is not up"
else
  stage drift scripts/test/drift.sh
  stage e2e scripts/test/e2e.sh
fi

printf '\n%s\n%d passed, %d failed, %d skipped\n' "$summary" "$passed" "$failed" "$skipped"
[ $((failed + skipped)) -eq 0 ]
