package addons

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTraefikServesGateways(t *testing.T) {
	objects := rendered(t)
	assert.Equal(t, "traefik.io/gateway-controller", objects["GatewayClass /traefik"].Spec["controllerName"])

	pod := objects["Deployment ingress-nginx/traefik"].Spec["template"].(map[string]any)["spec"].(map[string]any)
	container := pod["containers"].([]any)[0].(map[string]any)
	assert.Subset(t, container["args"], []any{
		"--providers.kubernetesGateway=true",
		"--providers.kubernetesGateway.statusAddress.ip=10.99.0.1",
		// The ports that Gateways name.
		"--entryPoints.web.address=:80",
		"--entryPoints.websecure.address=:443",
	})
	assert.Subset(t, container["ports"], []any{
		map[string]any{"name": "web", "containerPort": 80},
		map[string]any{"name": "websecure", "containerPort": 443},
	})
}

func TestAcceptedClass(t *testing.T) {
	tests := map[string]struct{ text, err string }{
		"accepted": {text: `{"status": {"conditions": [{"type": "SupportedVersion", "status": "False"}, {"type": "Accepted", "status": "True"}]}}`},
		"waiting":  {text: `{"status": {"conditions": [{"type": "Accepted", "status": "Unknown", "message": "Waiting for controller"}]}}`, err: "Waiting for controller"},
		"new":      {text: `{}`, err: `no controller has accepted the GatewayClass "traefik"`},
		"garbage":  {text: `<html>`, err: `reading the GatewayClass "traefik"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := readAccepted([]byte(test.text))
			if test.err == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, test.err)
		})
	}
}
