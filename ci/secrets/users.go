package secrets

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// deployments are those whose pods read one of the changed values, as their templates say; in the order of their names.
// One without pods is left out: it starts with the new values.
func (r *rotation) deployments(ctx context.Context, changes []change) ([]*cluster.Object, error) {
	all, err := r.Cluster.List(ctx, "apps/v1", "Deployment", r.Environment.Namespace, "")
	if err != nil {
		return nil, err
	}
	var users []*cluster.Object
	for _, deployment := range all {
		count, found, _ := unstructured.NestedInt64(deployment.Object, "spec", "replicas")
		pod, err := podOf(deployment)
		if err != nil {
			return nil, err
		}
		used := func(c change) bool { return inEnvironment(pod, c) || inVolumes(pod, c) }
		if (!found || count > 0) && slices.ContainsFunc(changes, used) {
			users = append(users, deployment)
		}
	}
	slices.SortFunc(users, func(a, b *cluster.Object) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return users, nil
}

// checkStores refuses to change what a store reads when it starts: there is one pod of it, so that a restart would be an
// outage. The store that keeps the value is told by a Job, and files in a volume change by themselves.
func (r *rotation) checkStores(ctx context.Context, changes []change) error {
	stores, err := r.Cluster.List(ctx, "apps/v1", "StatefulSet", r.Environment.Namespace, "")
	if err != nil {
		return err
	}
	r.result.Readers = nil
	for _, store := range stores {
		pod, err := podOf(store)
		if err != nil {
			return err
		}
		for _, c := range changes {
			if store.GetName() == string(config.Redis) && c.Server == config.Redis && !inEnvironment(pod, change{Secret: journalName, Key: c.variable("NEW_PASSWORD")}) {
				return fmt.Errorf("rotating %s: %s was deployed by an earlier version and cannot take two passwords; deploy once, which restarts it, then rotate",
					c.Key, cluster.RefOf(store))
			}
			if string(c.Server) != store.GetName() && inEnvironment(pod, c) {
				return fmt.Errorf("rotating %s: %s reads it as an environment variable, so it would have to be restarted, which is an outage; mount Secret %q as files there",
					c.Key, cluster.RefOf(store), c.Secret)
			}
		}
		if slices.ContainsFunc(changes, func(c change) bool { return string(c.Server) != store.GetName() && inVolumes(pod, c) }) {
			r.result.Readers = append(r.result.Readers, store.GetName())
		}
	}
	return nil
}

func podOf(workload *cluster.Object) (kinds.PodSpec, error) {
	var pod kinds.PodSpec
	template, _, err := unstructured.NestedMap(workload.Object, "spec", "template", "spec")
	if err == nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(template, &pod)
	}
	if err != nil {
		return pod, fmt.Errorf("reading the pods of %s: %w", cluster.RefOf(workload), err)
	}
	return pod, nil
}

func inEnvironment(pod kinds.PodSpec, c change) bool {
	return slices.ContainsFunc(slices.Concat(pod.InitContainers, pod.Containers), func(container kinds.Container) bool {
		return slices.ContainsFunc(container.EnvFrom, func(source kinds.EnvFromSource) bool {
			return source.SecretRef != nil && source.SecretRef.Name == c.Secret
		}) || slices.ContainsFunc(container.Env, func(variable kinds.EnvVar) bool {
			from := variable.ValueFrom
			return from != nil && from.SecretKeyRef != nil && from.SecretKeyRef.Name == c.Secret && from.SecretKeyRef.Key == c.Key
		})
	})
}

func inVolumes(pod kinds.PodSpec, c change) bool {
	holds := func(items []kinds.KeyToPath) bool {
		return len(items) == 0 || slices.ContainsFunc(items, func(item kinds.KeyToPath) bool { return item.Key == c.Key })
	}
	return slices.ContainsFunc(pod.Volumes, func(volume kinds.Volume) bool {
		if source := volume.Secret; source != nil {
			return source.SecretName == c.Secret && holds(source.Items)
		}
		return volume.Projected != nil && slices.ContainsFunc(volume.Projected.Sources, func(source kinds.VolumeProjection) bool {
			return source.Secret != nil && source.Secret.Name == c.Secret && holds(source.Secret.Items)
		})
	})
}
