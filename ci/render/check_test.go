package render

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each row breaks the real manifests, or the release, in one place.
func TestLayerRefusesManifestsThatDoNotFit(t *testing.T) {
	tests := []struct {
		name           string
		layer          LayerName
		path, from, to string
		edit           func(*Options)
		want           string
	}{
		{
			name: "a service is not in the release", layer: Slot,
			edit: func(o *Options) { delete(o.Release.Images, "mcp-manager") },
			want: `Deployment "mcp-manager-green": image "ghcr.io/codingbutter/team-dashboard/mcp-manager:latest" of container "mcp-manager" is not in release 20261123T101530-1a2b3c4 by digest`,
		},
		{
			name: "the release names a tag", layer: Slot,
			edit: func(o *Options) { o.Release.Images["dashboard"] = "ghcr.io/codingbutter/team-dashboard/dashboard:v1" },
			want: `Deployment "dashboard-green": image "ghcr.io/codingbutter/team-dashboard/dashboard:v1" of container "dashboard" is not in release`,
		},
		{
			name: "a Deployment is missing", layer: Slot,
			path: "workloads/kustomization.yaml", from: "  - mcp-manager\n", to: "",
			want: `Deployment "mcp-manager-green" is missing; the slot's Service "mcp-manager-green" is missing`,
		},
		{
			name: "a container has another name", layer: Slot,
			path: "workloads/dashboard/deployment.yaml", from: "        - name: dashboard\n", to: "        - name: web\n",
			want: `Deployment "dashboard-green": image "ghcr.io/codingbutter/team-dashboard/dashboard:latest" of container "web" is not in release`,
		},
		{
			name: "the slot is not in the selectors", layer: Slot,
			path: "environments/production/slots/green/kustomization.yaml", from: "includeSelectors: true", to: "includeTemplates: true",
			want: `Deployment "dashboard-green" selects map[app:dashboard], needs app=dashboard and team-dashboard.app/slot="green"`,
		},
		{
			name: "the slot is the other one", layer: Slot,
			path: "environments/production/slots/green/kustomization.yaml", from: "team-dashboard.app/slot: green", to: "team-dashboard.app/slot: blue",
			want: `Service "dashboard-green" selects map[app:dashboard team-dashboard.app/slot:blue]`,
		},
		{
			name: "another port", layer: Slot,
			path: "workloads/dashboard/service.yaml", from: "port: 3000", to: "port: 80",
			want: `Service "dashboard-green" does not listen on port 3000`,
		},
		{
			name: "another namespace", layer: Slot,
			path: "environments/production/slots/green/kustomization.yaml", from: "namespace: team-dashboard-prod", to: "namespace: default",
			want: `Deployment "dashboard-green" is in namespace "default", not in "team-dashboard-prod"`,
		},
		{
			name: "no ownership", layer: Platform,
			path: "platform/kustomization.yaml", from: "app.kubernetes.io/part-of: team-dashboard", to: "app.kubernetes.io/part-of: other",
			want: `Ingress "dashboard-ingress" lacks the label app.kubernetes.io/part-of=team-dashboard`,
		},
		{
			name: "a namespace of another name", layer: Platform,
			path: "environments/production/platform/kustomization.yaml", from: "namespace: team-dashboard-prod", to: "namespace: default",
			want: `Namespace "default" is not the environment's "team-dashboard-prod"`,
		},
		{
			name: "a stable Service is missing", layer: Platform,
			path: "platform/services.yaml", from: "name: openai-service", to: "name: openai",
			want: `the stable Service "openai-service" is missing`,
		},
		{
			name: "a stable Service selects no slot", layer: Platform,
			path: "environments/production/platform/kustomization.yaml", from: "team-dashboard.app~1slot", to: "role",
			want: `Service "dashboard" must select by team-dashboard.app/slot in an environment with slots, and only there`,
		},
		{
			name: "a stable Service selects another service", layer: Platform,
			path: "platform/services.yaml", from: "    app: dashboard\n  ports", to: "    app: redis\n  ports",
			want: `Service "dashboard" does not select app=dashboard`,
		},
		{
			name: "a Secret", layer: Data,
			path: "data/redis/service.yaml", from: "kind: Service", to: "kind: Secret",
			want: `Secret "redis" is among the manifests, where no secret value belongs`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			slot := ""
			if test.layer == Slot {
				slot = "green"
			}
			o := options(t, "production", test.layer, slot)
			if test.path != "" {
				o.Dir = edited(t, test.path, test.from, test.to)
			}
			if test.edit != nil {
				test.edit(&o)
			}
			_, err := Layer(context.Background(), o)
			var unfit *UnfitError
			require.ErrorAs(t, err, &unfit)
			assert.ErrorContains(t, err, test.want)
		})
	}
}
