package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// rights are what a deploy or a rollback does in every environment. k8s/platform/deployer.yaml gives them, and more that
// only some environments or other functions need.
var rights = []struct{ apiVersion, kind, subresource, verbs string }{
	{"v1", "Service", "", "get list create patch delete"},
	{"v1", "Service", "proxy", "get"},
	{"v1", "ConfigMap", "", "get list create patch delete"},
	{"v1", "Secret", "", "get list create patch delete"},
	{"v1", "ServiceAccount", "", "get create patch"},
	{"v1", "PersistentVolumeClaim", "", "get list create patch"},
	{"v1", "Pod", "", "list"},
	{"v1", "Pod", "log", "get"},
	{"v1", "Pod", "proxy", "get"},
	{"v1", "Event", "", "list"},
	{"v1", "ResourceQuota", "", "list"},
	{"apps/v1", "Deployment", "", "get list create patch delete"},
	{"apps/v1", "Deployment", "scale", "patch"},
	{"apps/v1", "ReplicaSet", "", "list"},
	{"apps/v1", "StatefulSet", "", "get list create patch"},
	{"autoscaling/v2", "HorizontalPodAutoscaler", "", "get list create patch delete"},
	{"policy/v1", "PodDisruptionBudget", "", "get list create patch delete"},
	{"networking.k8s.io/v1", "NetworkPolicy", "", "get list create patch delete"},
	{"batch/v1", "CronJob", "", "get list create patch"},
	{"batch/v1", "Job", "", "get create delete"},
	{"coordination.k8s.io/v1", "Lease", "", "get create update patch"},
}

// Asker says whether the kubeconfig's user has a right; *cluster.Cluster is the real one.
type Asker interface {
	Can(ctx context.Context, action cluster.Action) (bool, error)
}

// AccessError is a user who lacks rights.
type AccessError struct {
	Environment config.Environment
	// Lacking are the rights: patch Deployment/scale.
	Lacking []string
}

func (e *AccessError) Error() string { return e.detail() + "; " + e.Fix() }

func (e *AccessError) detail() string {
	return fmt.Sprintf("the kubeconfig's user may not do in namespace %q: %s", e.Environment.Namespace, strings.Join(e.Lacking, ", "))
}

// Fix is what to do about it.
func (e *AccessError) Fix() string {
	grant := &GrantError{Environment: e.Environment.Name}
	return "an administrator gives deployers their rights: " + grant.Fix()
}

// Access asks the API server for every right that a deploy needs; an *AccessError names all that are lacking.
func Access(ctx context.Context, api Asker, environment config.Environment) error {
	actions := needed(environment.Namespace)
	denied := make([]string, len(actions))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelRequests)
	for n, action := range actions {
		group.Go(func() error {
			allowed, err := api.Can(ctx, action)
			action.Namespace = "" // named once for all
			if err == nil && !allowed {
				denied[n] = action.String()
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if lacking := nonEmpty(denied); len(lacking) > 0 {
		return &AccessError{Environment: environment, Lacking: lacking}
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

func (i inspector) access(ctx context.Context) Check {
	err := Access(ctx, i.api, i.Environment)
	var lacking *AccessError
	switch {
	case errors.As(err, &lacking):
		return failed(lacking.Fix(), "%s", lacking.detail())
	case err != nil:
		return failed("", "%v", err)
	}
	return passed("the kubeconfig's user has the %d rights that a deploy needs", len(needed("")))
}
