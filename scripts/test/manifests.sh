#!/usr/bin/env bash
# Checks every kustomization of k8s/, components included: against the schemas of the Kubernetes that the lab runs and of
# the CustomResourceDefinitions, and against rules of good practice. Needs no cluster.
source "$(dirname "$0")/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# module FOLDER MODULE prints where the Go module is, in the version that the folder's go.mod pins.
module() { (cd "$1" && go mod download "$2" && go list -m -f '{{.Dir}}' "$2"); }

# api/v1.json and apis/apps/v1.json, as kubectl-validate wants them, from api__v1_openapi.json and
# apis__apps__v1_openapi.json. Those of a group without a version only list the versions.
schemas() {
  local from version
  from=$(module scripts/lab/builds/kubernetes k8s.io/kubernetes)/api/openapi-spec/v3
  for file in "$from"/api__v1_openapi.json "$from"/apis__*__v*_openapi.json; do
    version=$(basename "$file" _openapi.json)
    mkdir -p "$work/schemas/$(dirname "${version//__//}")"
    ln -s "$file" "$work/schemas/${version//__//}.json"
  done
}

# patches takes from the schemas what the API server does not hold to: that base64 has no line breaks. kustomize's has.
patches() {
  mkdir -p "$work/patches/api"
  echo '{"components": {"schemas": {"io.k8s.api.core.v1.Secret": {"properties": {"data": {"additionalProperties": {"format": null}}}}}}}' \
    >"$work/patches/api/v1.json"
}

# definitions copies the CustomResourceDefinitions of the kinds that components have.
definitions() {
  local from=scripts/lab/builds/definitions
  mkdir "$work/definitions"
  cp "$(module $from sigs.k8s.io/gateway-api)"/config/crd/standard/*_{gateways,httproutes}.yaml \
    "$(module $from github.com/cert-manager/cert-manager)"/deploy/crds/cert-manager.io_{certificates,issuers}.yaml \
    "$(module $from github.com/prometheus-operator/prometheus-operator)"/example/prometheus-operator-crd/*.yaml \
    "$work/definitions"
}

# build FOLDER NAME builds a kustomization into a file of the name. To ask go for the tool takes longer than to run it.
kustomize=$(tool -n kustomize)
build() { "$kustomize" build "$1" --output "$work/built/$2.yaml"; }

# Every kustomization by itself.
mkdir "$work/built"
while read -r file; do
  folder=$(dirname "$file")
  build "$folder" "${folder//\//-}"
done < <(grep --recursive --files-with-matches --include=kustomization.yaml '^kind: Kustomization' k8s)

# And with the components, which are switched on in a copy by the lines that k8s/README.md tells.
cp -r k8s "$work/k8s"
for environment in staging production; do
  printf '\ncomponents:\n  - ../../../components/cert-manager\n  - ../../../components/gateway-api\n' \
    >>"$work/k8s/environments/$environment/platform/kustomization.yaml"
  build "$work/k8s/environments/$environment/platform" "$environment-with-components"
done
mkdir "$work/k8s/operator"
printf 'resources: [../monitoring]\ncomponents: [../components/prometheus-operator]\n' >"$work/k8s/operator/kustomization.yaml"
build "$work/k8s/operator" monitoring-by-the-operator

echo "kubectl-validate: manifests"
schemas
patches
definitions
valid=$(go tool -modfile=scripts/tools/schemas/go.mod kubectl-validate --local-schemas "$work/schemas" --schema-patches "$work/patches" \
  --local-crds "$work/definitions" "$work"/built/*.yaml 2>&1) || { grep -v 'OK$' <<<"$valid" >&2; exit 1; }

# What kube-score asks for besides, and why it is left out.
but=(
  # A release has its images by digest, which the tests of ci/render check; `latest` is the way by hand.
  --ignore-test=container-image-tag
  # What a digest or a tag that never moves names is the same wherever it lies, and a node that has it does not need
  # the registry. Private registries are guarded by the node's own credentials.
  --ignore-test=container-image-pull-policy
  # The users of Debian's and Grafana's images, to whom what lies on the volumes belongs. No pod shares the node's users.
  --ignore-test=container-security-context-user-group-id
  # Every root file system is read-only, and what is written goes to volumes.
  --ignore-test=container-ephemeral-storage-request-and-limit
  # The pods of the smoke suite are made by the pipeline and are in no manifest. Tests connect through every policy.
  --ignore-test=networkpolicy-targets-pod
  # One pod each, reached by a Service with an address of its own; nobody asks for the pod by its name.
  --ignore-test=statefulset-has-servicename
  # Exporters and Grafana have one page that tells of them.
  --ignore-test=pod-probes-identical
)
echo "kube-score: manifests"
score=$(tool kube-score score --kubernetes-version=v1.34 --output-format=ci "${but[@]}" "$work"/built/k8s-{environments-staging,environments-production,environments-production-slots-green,monitoring}.yaml) ||
  { grep CRITICAL <<<"$score" >&2; exit 1; }
