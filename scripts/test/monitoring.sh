#!/usr/bin/env bash
# Checks the monitoring's configuration with Prometheus' own tools: every alert's test cases, the configurations, and
# who is told of which alert. (Debian's promtool knows no discovery by Kubernetes, so that prometheus.yml is left to the
# end-to-end test, where Prometheus runs on it.)
source "$(dirname "$0")/lib.sh"

# unpacked PACKAGE… unpacks Debian packages and prints the folder. To install them would start their services.
unpacked() {
  local folder=${XDG_CACHE_HOME:-$HOME/.cache}/team-dashboard/debian
  mkdir -p "$folder"
  for package in "$@"; do
    [ ! -e "$folder/$package" ] || continue
    echo "unpacking $package" >&2
    (
      downloaded=$(mktemp -d)
      trap 'rm -rf "$downloaded"' EXIT
      cd "$downloaded"
      apt-get download "$package" >&2 2>/dev/null || { apt-get update >&2 && apt-get download "$package" >&2; }
      dpkg --extract ./*.deb unpacked
      mv unpacked "$folder/$package"
    )
  done
  echo "$folder"
}

# Debian 13 keeps it apart from Prometheus.
with_promtool=prometheus
if apt-cache show promtool >/dev/null 2>&1; then with_promtool=promtool; fi
debian=$(unpacked "$with_promtool" prometheus-alertmanager prometheus-blackbox-exporter)
promtool() { "$debian/$with_promtool/usr/bin/promtool" "$@"; }
amtool() { "$debian/prometheus-alertmanager/usr/bin/amtool" "$@"; }
cd k8s/monitoring

echo "promtool: rules and their tests"
promtool check rules --lint-fatal rules/[!k]*.yaml >/dev/null
promtool test rules rules/tests/*.yaml

echo "blackbox exporter: blackbox.yml"
"$debian/prometheus-blackbox-exporter/usr/bin/prometheus-blackbox-exporter" --config.check --config.file=blackbox-exporter/blackbox.yml

echo "amtool: alertmanager.yml and who is told"
amtool check-config alertmanager/alertmanager.yml
grep -v '^#' alertmanager/tests/routes.txt | while read -r receiver labels; do
  # shellcheck disable=SC2086 # one argument a label
  said=$(amtool config routes test --config.file=alertmanager/alertmanager.yml --verify.receivers="$receiver" $labels 2>&1) ||
    { printf '%s\nwanted is %s, for %s\n' "$said" "$receiver" "$labels" >&2; exit 1; }
done
