package preflight

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// rights are what a deploy does on its way that would leave it halfway if it turned out to be forbidden then.
var rights = []cluster.Action{
	{Verb: "create", APIVersion: "coordination.k8s.io/v1", Kind: "Lease"},
	{Verb: "update", APIVersion: "coordination.k8s.io/v1", Kind: "Lease"},
	{Verb: "list", APIVersion: "v1", Kind: "Secret"},
	{Verb: "patch", APIVersion: "v1", Kind: "Secret"},
	{Verb: "patch", APIVersion: "v1", Kind: "Service"},
	{Verb: "get", APIVersion: "v1", Kind: "Service", Subresource: "proxy"},
	{Verb: "patch", APIVersion: "apps/v1", Kind: "Deployment"},
	{Verb: "patch", APIVersion: "apps/v1", Kind: "Deployment", Subresource: "scale"},
	{Verb: "patch", APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"},
	{Verb: "delete", APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"},
	{Verb: "create", APIVersion: "batch/v1", Kind: "Job"},
	{Verb: "list", APIVersion: "v1", Kind: "Pod"},
	{Verb: "get", APIVersion: "v1", Kind: "Pod", Subresource: "log"},
	{Verb: "get", APIVersion: "v1", Kind: "Pod", Subresource: "proxy"},
}

// access asks the API server whether the kubeconfig's user has the rights that a deploy needs.
func (i inspector) access(ctx context.Context) Check {
	denied := make([]string, len(rights))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelRequests)
	for n, right := range rights {
		group.Go(func() error {
			right.Namespace = i.Environment.Namespace
			allowed, err := i.api.Can(ctx, right)
			right.Namespace = "" // named once for all
			if err == nil && !allowed {
				denied[n] = right.String()
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return failed("", "%v", err)
	}
	if lacking := nonEmpty(denied); len(lacking) > 0 {
		fix := &GrantError{Environment: i.Environment.Name}
		return failed("an administrator gives deployers their rights: "+fix.Fix(),
			"the kubeconfig's user may not do in namespace %q: %s", i.Environment.Namespace, strings.Join(lacking, ", "))
	}
	return passed("the kubeconfig's user has the %d rights that a deploy needs", len(rights))
}
