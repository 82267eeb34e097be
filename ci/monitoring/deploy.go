package monitoring

import (
	"context"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// Deployment is what Deploy did.
type Deployment struct {
	Namespace string `json:"namespace"`
	// Applied is the number of objects.
	Applied int `json:"applied"`
	// Pruned names what a monitoring of before had left.
	Pruned     []string    `json:"pruned,omitempty"`
	Components []Component `json:"components"`
}

// Deploy applies all objects and waits until every pod is ready. Nothing is written unless the user has every right
// that it takes and the receivers' keys are there. Applying what is there already changes nothing.
func (i Installer) Deploy(ctx context.Context) (Deployment, error) {
	if err := i.check(ctx); err != nil {
		return Deployment{}, err
	}
	result := Deployment{Namespace: i.Application.Monitoring.Namespace, Applied: len(i.Objects)}
	for _, object := range i.Objects {
		if _, err := i.Cluster.Apply(ctx, object, cluster.ApplyOptions{}); err != nil {
			return Deployment{}, err
		}
	}
	if err := i.wait(ctx); err != nil {
		return Deployment{}, err
	}
	var err error
	if result.Pruned, err = i.prune(ctx); err != nil {
		return Deployment{}, err
	}
	result.Components, err = components(ctx, i.Cluster, i.Application)
	return result, err
}

// wait lasts until the pods of every workload are ready, or cannot become so.
func (i Installer) wait(ctx context.Context) error {
	for _, namespace := range i.namespaces() {
		if names := i.names("Deployment", namespace); len(names) > 0 {
			if err := workload.WaitDeployments(ctx, i.Cluster, namespace, names, i.Wait); err != nil {
				return err
			}
		}
		if names := i.names("DaemonSet", namespace); len(names) > 0 {
			if err := workload.WaitDaemonSets(ctx, i.Cluster, namespace, names, i.Wait); err != nil {
				return err
			}
		}
	}
	return nil
}

// prune deletes configurations of before, whose names carry another hash. Nothing runs on them any more.
func (i Installer) prune(ctx context.Context) ([]string, error) {
	var pruned []string
	namespace := i.Application.Monitoring.Namespace
	found, err := i.Cluster.List(ctx, "v1", "ConfigMap", namespace,
		partOf(i.Application)+",app.kubernetes.io/managed-by="+cluster.FieldManager)
	if err != nil {
		return nil, err
	}
	for _, object := range found {
		if slices.Contains(i.names("ConfigMap", namespace), object.GetName()) {
			continue
		}
		if err := i.Cluster.Delete(ctx, cluster.RefOf(object)); err != nil && !cluster.IsNotFound(err) {
			return nil, err
		}
		pruned = append(pruned, "ConfigMap "+object.GetName())
	}
	return pruned, nil
}

// namespaces lists those that the objects are in, in their order.
func (i Installer) namespaces() []string {
	var all []string
	for _, object := range i.Objects {
		if namespace := object.GetNamespace(); namespace != "" && !slices.Contains(all, namespace) {
			all = append(all, namespace)
		}
	}
	return all
}

func (i Installer) names(kind, namespace string) []string {
	var names []string
	for _, object := range i.Objects {
		if object.GetKind() == kind && object.GetNamespace() == namespace {
			names = append(names, object.GetName())
		}
	}
	return names
}
