package health

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// Cluster is what the checks need of the API server; *cluster.Cluster is the real one.
type Cluster interface {
	List(ctx context.Context, apiVersion, kind, namespace, selector string) ([]*cluster.Object, error)
	ServiceGet(ctx context.Context, namespace, service string, port int, path string) (cluster.Response, error)
}

// Lister is the part of Cluster that Fleet needs.
type Lister interface {
	List(ctx context.Context, apiVersion, kind, namespace, selector string) ([]*cluster.Object, error)
}

// Crew are the pods of one service.
type Crew struct {
	// Desired is how many pods the service's Deployment asks for.
	Desired int
	Pods    []Pod
}

// Ready counts the pods that take requests.
func (c Crew) Ready() int {
	ready := 0
	for _, pod := range c.Pods {
		if pod.Ready {
			ready++
		}
	}
	return ready
}

// Pod is what the API server knows of one pod.
type Pod struct {
	Name, UID string
	Started   time.Time
	Ready     bool
	// Restarts sums those of all containers since the pod was made.
	Restarts int
	// Trouble says why the pod is not ready; empty when it is, or for no known reason.
	Trouble string
}

// Fleet reads the pods of every service of the target, by service. Pods that
// were told to end are left out: they are on their way out, not unhealthy.
func Fleet(ctx context.Context, from Lister, app config.Application, target release.Target) (map[string]Crew, error) {
	namespace, labels := target.Environment.Namespace, selector(app, target)
	deployments, err := from.List(ctx, "apps/v1", "Deployment", namespace, labels)
	if err != nil {
		return nil, err
	}
	pods, err := from.List(ctx, "v1", "Pod", namespace, labels)
	if err != nil {
		return nil, err
	}
	fleet := map[string]Crew{}
	for _, service := range app.Services {
		fleet[service.Name] = Crew{}
	}
	for _, deployment := range deployments {
		if crew, ok := fleet[deployment.GetLabels()["app"]]; ok {
			// Absent means one (apps/v1 DeploymentSpec).
			crew.Desired = 1
			if replicas, found, _ := unstructured.NestedInt64(deployment.Object, "spec", "replicas"); found {
				crew.Desired = int(replicas)
			}
			fleet[deployment.GetLabels()["app"]] = crew
		}
	}
	for _, object := range pods {
		crew, ok := fleet[object.GetLabels()["app"]]
		if !ok || object.GetDeletionTimestamp() != nil {
			continue
		}
		pod, err := podOf(object)
		if err != nil {
			return nil, err
		}
		crew.Pods = append(crew.Pods, pod)
		fleet[object.GetLabels()["app"]] = crew
	}
	return fleet, nil
}

// selector finds the target's Deployments and pods. The version is left out for
// a target that accepts any.
func selector(app config.Application, target release.Target) string {
	labels := []string{"app.kubernetes.io/part-of=" + app.Name}
	if target.Slot != "" {
		labels = append(labels, "team-dashboard.app/slot="+target.Slot)
	}
	if target.Release.Version != "" {
		labels = append(labels, "app.kubernetes.io/version="+target.Release.Version)
	}
	return strings.Join(labels, ",")
}

func podOf(object *cluster.Object) (Pod, error) {
	var pod kinds.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &pod); err != nil {
		return Pod{}, fmt.Errorf("reading pod %q: %w", object.GetName(), err)
	}
	read := Pod{Name: pod.Name, UID: string(pod.UID), Trouble: pod.Status.Message}
	if pod.Status.StartTime != nil {
		read.Started = pod.Status.StartTime.Time
	}
	for _, condition := range pod.Status.Conditions {
		switch {
		case condition.Type == kinds.PodReady:
			read.Ready = condition.Status == metav1.ConditionTrue
		case condition.Type == kinds.PodScheduled && condition.Status == metav1.ConditionFalse:
			read.Trouble = condition.Message
		}
	}
	for _, status := range pod.Status.ContainerStatuses {
		read.Restarts += int(status.RestartCount)
		if trouble := containerTrouble(status); trouble != "" {
			read.Trouble = trouble
		}
	}
	return read, nil
}

func containerTrouble(status kinds.ContainerStatus) string {
	switch {
	case status.State.Waiting != nil && status.State.Waiting.Message != "":
		return status.State.Waiting.Reason + ": " + status.State.Waiting.Message
	case status.State.Waiting != nil:
		return status.State.Waiting.Reason
	case status.State.Terminated != nil:
		return fmt.Sprintf("ended with exit code %d (%s)", status.State.Terminated.ExitCode, status.State.Terminated.Reason)
	}
	return ""
}

// Pods is the check that every service has all the pods that its Deployment asks
// for, running and ready.
func Pods(app config.Application, target release.Target, from Lister) Check {
	return Check{Name: "pods", Run: func(ctx context.Context) (string, error) {
		fleet, err := Fleet(ctx, from, app, target)
		if err != nil {
			return "", err
		}
		problems, ready := []string{}, 0
		for _, service := range app.Services {
			crew := fleet[service.Name]
			ready += crew.Ready()
			problems = append(problems, crewProblems(service.Name, crew)...)
		}
		return conclude(problems, "%d of %d pods ready", ready, ready)
	}}
}

func crewProblems(service string, crew Crew) []string {
	if crew.Desired == 0 {
		return []string{service + ": no pods are asked for; it is not deployed here, or scaled to zero"}
	}
	if crew.Ready() >= crew.Desired {
		return nil
	}
	problems := []string{fmt.Sprintf("%s: %d of %d pods ready", service, crew.Ready(), crew.Desired)}
	for _, pod := range crew.Pods {
		if !pod.Ready && pod.Trouble != "" {
			problems = append(problems, fmt.Sprintf("%s: pod %s: %s", service, pod.Name, pod.Trouble))
		}
	}
	return problems
}
