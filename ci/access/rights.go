package access

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// rights are what deploys, rollbacks, backups, restores and rotations do in every environment. k8s/platform/deployer.yaml gives
// them, and more that only some environments need.
var rights = []struct{ apiVersion, kind, subresource, verbs string }{
	{"v1", "Service", "", "get list create patch delete"},
	{"v1", "Service", "proxy", "get"},
	{"v1", "ConfigMap", "", "get list create patch delete"},
	{"v1", "Secret", "", "get list create patch delete"},
	{"v1", "ServiceAccount", "", "get create patch"},
	{"v1", "PersistentVolumeClaim", "", "get list create patch"},
	// Created in dry runs only.
	{"v1", "Pod", "", "list create"},
	{"v1", "Pod", "log", "get"},
	{"v1", "Pod", "proxy", "get"},
	{"v1", "Event", "", "list"},
	{"v1", "ResourceQuota", "", "list"},
	{"apps/v1", "Deployment", "", "get list create patch delete"},
	{"apps/v1", "Deployment", "scale", "patch"},
	{"apps/v1", "ReplicaSet", "", "list"},
	{"apps/v1", "StatefulSet", "", "get list create patch"},
	{"apps/v1", "StatefulSet", "scale", "patch"},
	{"autoscaling/v2", "HorizontalPodAutoscaler", "", "get list create patch delete"},
	{"policy/v1", "PodDisruptionBudget", "", "get list create patch delete"},
	{"networking.k8s.io/v1", "NetworkPolicy", "", "get list create patch delete"},
	{"batch/v1", "CronJob", "", "get list create patch"},
	{"batch/v1", "Job", "", "get list create patch delete"},
	{"coordination.k8s.io/v1", "Lease", "", "get create update patch"},
}

// parallelRequests bounds the requests in flight, for API servers that serve others too.
const parallelRequests = 8

// LackingError is a user who lacks rights.
type LackingError struct {
	Environment config.Environment
	// Rights are those that are lacking: patch Deployment/scale.
	Rights []string
}

func (e *LackingError) Error() string {
	return fmt.Sprintf("the kubeconfig's user may not do in namespace %q: %s; an administrator gives deployers their rights: %s",
		e.Environment.Namespace, strings.Join(e.Rights, ", "), grantCommand(e.Environment.Name))
}

// Check asks the API server for every right that the pipeline needs. A *LackingError names all that are lacking.
func Check(ctx context.Context, api *cluster.Cluster, environment config.Environment) error {
	actions := needed(environment.Namespace)
	allowed := make([]bool, len(actions))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelRequests)
	for n, action := range actions {
		group.Go(func() (err error) {
			allowed[n], err = api.Can(ctx, action)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var lacking []string
	for n, action := range actions {
		if !allowed[n] {
			action.Namespace = "" // named once for all
			lacking = append(lacking, action.String())
		}
	}
	if len(lacking) > 0 {
		return &LackingError{Environment: environment, Rights: lacking}
	}
	return nil
}

func needed(namespace string) []cluster.Action {
	var actions []cluster.Action
	for _, right := range rights {
		for verb := range strings.FieldsSeq(right.verbs) {
			actions = append(actions, cluster.Action{Verb: verb, APIVersion: right.apiVersion, Kind: right.kind, Subresource: right.subresource, Namespace: namespace})
		}
	}
	return actions
}
