package monitoring

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// Status is how the monitoring is.
type Status struct {
	Namespace  string      `json:"namespace"`
	Components []Component `json:"components"`
	// Jobs are what Prometheus scrapes.
	Jobs []Job `json:"jobs"`
	// Rules is the number of rules that Prometheus has loaded.
	Rules int `json:"rules"`
	// Alerts are what Alertmanager has been told, without those that are for machines.
	Alerts []Alert `json:"alerts"`
	// Problems are what of the monitoring does not work; alerts that fire are none.
	Problems []string `json:"problems"`
}

// Look asks every part of the monitoring how it is. What does not answer is a problem, not an error.
func Look(ctx context.Context, api *cluster.Cluster, app config.Application) (Status, error) {
	status := Status{Namespace: app.Monitoring.Namespace}
	var err error
	if status.Components, err = components(ctx, api, app); err != nil {
		return Status{}, err
	}
	if len(status.Components) == 0 {
		return Status{}, fmt.Errorf("looking at the monitoring: there is none in namespace %q; run dagger call monitoring deploy", status.Namespace)
	}
	for _, component := range status.Components {
		if component.Ready < component.Desired {
			status.problem("%s: %d of %d pods are ready", component.Name, component.Ready, component.Desired)
		}
	}
	inside := service{api: api, namespace: status.Namespace}
	if err := status.askPrometheus(ctx, inside); err != nil {
		status.problem("Prometheus does not answer: %v", err)
	}
	if err := status.askAlertmanager(ctx, inside); err != nil {
		status.problem("Alertmanager does not answer: %v", err)
	}
	return status, nil
}

func (s *Status) problem(format string, arguments ...any) {
	s.Problems = append(s.Problems, fmt.Sprintf(format, arguments...))
}

// workloads are the kinds of components, with the fields of their status that count pods.
var workloads = []struct{ kind, desired, ready string }{
	{"Deployment", "replicas", "availableReplicas"},
	{"StatefulSet", "replicas", "readyReplicas"},
	{"DaemonSet", "desiredNumberScheduled", "numberAvailable"},
}

// components lists the workloads by their labels, in whichever namespaces they are.
func components(ctx context.Context, api *cluster.Cluster, app config.Application) ([]Component, error) {
	var all []Component
	for _, workload := range workloads {
		found, err := api.List(ctx, "apps/v1", workload.kind, "", partOf(app)+",app.kubernetes.io/component=monitoring")
		if err != nil {
			return nil, err
		}
		for _, object := range found {
			all = append(all, Component{
				Namespace: object.GetNamespace(), Kind: workload.kind, Name: object.GetName(), Image: image(object),
				Ready: number(object, workload.ready), Desired: number(object, workload.desired),
			})
		}
	}
	return all, nil
}

// partOf selects what belongs to the application, whoever made it.
func partOf(app config.Application) string {
	return "app.kubernetes.io/part-of=" + app.Name
}

func number(object *cluster.Object, field string) int {
	value, _, _ := unstructured.NestedInt64(object.Object, "status", field)
	return int(value)
}

func image(object *cluster.Object) string {
	containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
	if len(containers) == 0 {
		return ""
	}
	first, _ := containers[0].(map[string]any)
	name, _ := first["image"].(string)
	return name
}
