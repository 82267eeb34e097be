package health

import (
	"context"
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// Deployments reads those of the target, by service; one that is missing asks for
// no pods.
func Deployments(ctx context.Context, api *cluster.Cluster, app config.Application, target release.Target) (map[string]workload.Deployment, error) {
	snapshot, err := workload.Read(ctx, api, target.Environment.Namespace, selector(app, target))
	if err != nil {
		return nil, err
	}
	deployments := map[string]workload.Deployment{}
	for _, deployment := range snapshot.Deployments {
		deployments[deployment.Labels["app"]] = deployment
	}
	return deployments, nil
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

// Pods is the check that every service has all the pods that its Deployment asks
// for, of its newest revision, running and ready.
func Pods(app config.Application, target release.Target, api *cluster.Cluster) Check {
	return Check{Name: "pods", Run: func(ctx context.Context) (string, error) {
		deployments, err := Deployments(ctx, api, app, target)
		if err != nil {
			return "", err
		}
		problems, ready := []string{}, 0
		for _, service := range app.Services {
			deployment := deployments[service.Name]
			ready += deployment.Ready
			problems = append(problems, podProblems(service.Name, deployment)...)
		}
		return conclude(problems, "%d of %d pods ready", ready, ready)
	}}
}

func podProblems(service string, deployment workload.Deployment) []string {
	if deployment.Desired == 0 {
		return []string{service + ": no pods are asked for; it is not deployed here, or scaled to zero"}
	}
	if deployment.Ready >= deployment.Desired {
		return nil
	}
	problems := []string{fmt.Sprintf("%s: %d of %d pods ready", service, deployment.Ready, deployment.Desired)}
	for _, pod := range deployment.Pods {
		if problem := pod.Problem(); problem != "" {
			problems = append(problems, fmt.Sprintf("%s: pod %s: %s", service, pod.Name, problem))
		}
	}
	return problems
}
