package smoke

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// job is the suite as a Job of the target's namespace. Its labels let it through the slot's NetworkPolicy
// (k8s/workloads/network), and it obeys the namespace's Pod Security level, restricted.
func (s Suite) job(target release.Target, startTimeout time.Duration) *cluster.Object {
	suffix := ""
	if target.Slot != "" {
		suffix = "-" + target.Slot
	}
	urls := map[string]string{}
	for _, service := range s.Application.Services {
		urls[service.Name] = fmt.Sprintf("http://%s%s:%d", service.Name, suffix, service.Port)
	}
	variables := environment(urls, target, startTimeout)
	labels := s.labels(target)
	return &cluster.Object{Object: map[string]any{
		"apiVersion": "batch/v1", "kind": "Job",
		"metadata": map[string]any{"name": "smoke" + suffix, "namespace": target.Environment.Namespace, "labels": labels},
		"spec": map[string]any{
			"backoffLimit": int64(0),
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels},
				"spec":     pod(target.Release.Images[s.Application.SmokeImage], variables),
			},
		},
	}}
}

func (s Suite) labels(target release.Target) map[string]any {
	labels := map[string]any{
		"app":                          "smoke",
		"app.kubernetes.io/name":       "smoke",
		"app.kubernetes.io/component":  "smoke",
		"app.kubernetes.io/part-of":    s.Application.Name,
		"app.kubernetes.io/managed-by": "pipeline",
		"app.kubernetes.io/version":    target.Release.Version,
	}
	if target.Slot != "" {
		labels["team-dashboard.app/slot"] = target.Slot
	}
	return labels
}

func pod(image string, variables map[string]string) map[string]any {
	return map[string]any{
		"serviceAccountName":           "smoke",
		"automountServiceAccountToken": false,
		"enableServiceLinks":           false,
		"restartPolicy":                "Never",
		"securityContext":              map[string]any{"runAsNonRoot": true, "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
		"containers": []any{map[string]any{
			"name": "smoke", "image": image, "env": pairs(variables),
			"securityContext": map[string]any{
				"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
			},
			"resources": map[string]any{
				"requests": map[string]any{"cpu": "50m", "memory": "96Mi"},
				"limits":   map[string]any{"cpu": "500m", "memory": "256Mi"},
			},
		}},
	}
}

// pairs are environment variables in the order of their names, so that the same target gives the same Job.
func pairs(variables map[string]string) []any {
	var list []any
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		list = append(list, map[string]any{"name": name, "value": variables[name]})
	}
	return list
}
