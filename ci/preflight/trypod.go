package preflight

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// triedPod is a workload, and the pod that the API server would make of it, or what it has against that.
type triedPod struct {
	workload *cluster.Object
	pod      *cluster.Object
	err      error
}

// triedPods are those of a run. Two checks wait for them.
type triedPods struct {
	pods []triedPod
	done chan struct{}
}

func (t *triedPods) wait() []triedPod {
	<-t.done
	return t.pods
}

// tryPods begins to ask for a pod of each workload. In a namespace that does not exist yet they are not asked for.
func (i inspector) tryPods(ctx context.Context) *triedPods {
	tried := &triedPods{done: make(chan struct{})}
	for _, object := range i.Objects {
		if pod := podOf(object); pod != nil {
			tried.pods = append(tried.pods, triedPod{workload: object, pod: pod})
		}
	}
	go func() {
		defer close(tried.done)
		var group errgroup.Group
		group.SetLimit(parallelRequests)
		for n := range tried.pods {
			group.Go(func() error {
				if !i.absent {
					tried.pods[n].try(ctx, i)
				}
				return nil
			})
		}
		_ = group.Wait() // what is wrong is kept with each
	}()
	return tried
}

// try asks for the pod; once more without each thing that it lacks and that comes with the deploy.
func (p *triedPod) try(ctx context.Context, i inspector) {
	for {
		admitted, err := i.api.Try(ctx, p.pod)
		if p.err = err; err == nil {
			p.pod = admitted
			return
		}
		if !cluster.IsForbidden(err) || !i.takeNew(p.pod, err) {
			return
		}
	}
}

// takeNew takes from a pod what is missing now and comes with the deploy. It says whether there was anything of the kind.
func (i inspector) takeNew(pod *cluster.Object, refused error) bool {
	for field, kind := range map[string]string{"serviceAccountName": "ServiceAccount", "priorityClassName": "PriorityClass", "runtimeClassName": "RuntimeClass"} {
		name, _, _ := unstructured.NestedString(pod.Object, "spec", field)
		comes := slices.ContainsFunc(i.Objects, func(o *cluster.Object) bool { return o.GetKind() == kind && o.GetName() == name })
		if comes && strings.Contains(refused.Error(), name) && strings.Contains(refused.Error(), "found") {
			unstructured.RemoveNestedField(pod.Object, "spec", field)
			return true
		}
	}
	return false
}
