package workload

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// Summary is what a Deployment, StatefulSet or DaemonSet says of its own pods.
type Summary struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	// Image is that of the first container.
	Image   string `json:"image"`
	Ready   int    `json:"ready"`
	Desired int    `json:"desired"`
}

// Summaries reads the Deployments, StatefulSets and DaemonSets that the selector finds. It needs no right to see pods; an
// empty namespace means all namespaces.
func Summaries(ctx context.Context, api *cluster.Cluster, namespace, selector string) ([]Summary, error) {
	var deployments kinds.List[kinds.Deployment]
	if err := api.ListInto(ctx, "apps/v1", "Deployment", namespace, selector, &deployments); err != nil {
		return nil, err
	}
	var all []Summary
	for _, d := range deployments.Items {
		all = append(all, summaryOf("Deployment", d.ObjectMeta, d.Spec.Template, d.Status.AvailableReplicas, int32(replicas(d.Spec))))
	}
	var stateful kinds.List[kinds.StatefulSet]
	if err := api.ListInto(ctx, "apps/v1", "StatefulSet", namespace, selector, &stateful); err != nil {
		return nil, err
	}
	for _, s := range stateful.Items {
		all = append(all, summaryOf("StatefulSet", s.ObjectMeta, s.Spec.Template, s.Status.AvailableReplicas, int32(replicas(s.Spec))))
	}
	var daemons kinds.List[kinds.DaemonSet]
	if err := api.ListInto(ctx, "apps/v1", "DaemonSet", namespace, selector, &daemons); err != nil {
		return nil, err
	}
	for _, d := range daemons.Items {
		all = append(all, summaryOf("DaemonSet", d.ObjectMeta, d.Spec.Template, d.Status.NumberAvailable, d.Status.DesiredNumberScheduled))
	}
	return all, nil
}

func summaryOf(kind string, meta metav1.ObjectMeta, template kinds.PodTemplateSpec, ready, desired int32) Summary {
	summary := Summary{Namespace: meta.Namespace, Kind: kind, Name: meta.Name, Ready: int(ready), Desired: int(desired)}
	if len(template.Spec.Containers) > 0 {
		summary.Image = template.Spec.Containers[0].Image
	}
	return summary
}
