#!/usr/bin/env bash
# Checks format, vet and the linters; changes nothing.
source "$(dirname "$0")/lib.sh"
have shellcheck shellcheck

unformatted=$(gofmt -l ci scripts)
if [ -n "$unformatted" ]; then
  printf 'not formatted, run make fmt:\n%s\n' "$unformatted" >&2
  exit 1
fi
for module in $(modules); do
  echo "vet and staticcheck: $module"
  (
    cd "$module"
    go vet ./...
    # The pipeline's own errors are sentences with advice, which ST1005 would forbid.
    tool staticcheck -checks all,-ST1000,-ST1003,-ST1005,-ST1020,-ST1021,-ST1022 ./...
  )
done
echo "vet: end-to-end tests and benchmarks"
go vet -tags e2e,soak,chaos ./ci/...
echo "what the module's load has to compile"
if go -C ci/module list -deps . | grep '^k8s.io/api/'; then
  echo 'the module reaches k8s.io/api, which takes seconds to compile on an empty engine: add the fields to ci/cluster/kinds instead' >&2
  exit 1
fi
engine=$(sed -n 's/.*"engineVersion": "\(.*\)".*/\1/p' dagger.json)
if ! grep -qxF "replace dagger.io/dagger => dagger.io/dagger $engine" ci/module/go.mod; then
  echo "ci/module/go.mod does not replace dagger.io/dagger by $engine, the engine's version in dagger.json" >&2
  exit 1
fi
echo "actionlint"
tool actionlint
echo "shellcheck"
scripts=('scripts/**/*.sh' 'scripts/*.sh' '.github/*.sh' scripts/lab/lab .ci/run scripts/tools/workflows/testdata/{curl,dagger})
git ls-files -z --cached --others --exclude-standard -- "${scripts[@]}" | xargs -0 shellcheck --external-sources --source-path=SCRIPTDIR
scripts/test/manifests.sh
echo "promtool, amtool: the monitoring"
scripts/test/monitoring.sh
