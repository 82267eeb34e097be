// Modules that nothing is compiled from: they hold CustomResourceDefinitions.
// gateway-api is what Traefik is built with (builds/traefik/go.mod).
module github.com/codingbutter/team-dashboard/scripts/lab/builds/definitions

go 1.26.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.6.1
)
