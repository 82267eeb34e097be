package preflight

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// pods asks the API server for a pod of each workload. To accept a Deployment says little of its pods: what refuses those
// (a LimitRange, a quota that wants limits, Pod Security, a webhook, a priority class or an account that is missing) is
// seen only when the pods are made, after the first write.
func (i inspector) pods(ctx context.Context) Finding {
	if i.absent {
		return of("none could be tried, since the namespace does not exist yet", nil)
	}
	pods := i.tried.wait()
	finding := Finding{OK: true, Detail: fmt.Sprintf("one of each of %d workloads accepted by a dry run", len(pods))}
	var problems []string
	for _, tried := range pods {
		workload := cluster.RefOf(tried.workload)
		switch doubt := i.doubt(ctx, tried); {
		case tried.err == nil:
		case doubt != "":
			finding.Warnings = append(finding.Warnings, fmt.Sprintf("a pod of %s %s: %s", workload, doubt, reason(tried.err)))
		default:
			problems = append(problems, fmt.Sprintf("%s would get no pod: %s", workload, reason(tried.err)))
		}
	}
	if len(problems) > 0 {
		finding.OK, finding.Detail = false, strings.Join(problems, "; ")
	}
	return finding
}

// doubt says why what the API server has against a pod now need not keep it from being made later; empty when it would.
func (i inspector) doubt(ctx context.Context, tried triedPod) string {
	switch {
	case cluster.TakesNoDryRun(tried.err), cluster.IsForbidden(tried.err) && strings.Contains(tried.err.Error(), "cannot create resource"):
		return "could not be tried, so nobody knows whether it would be accepted"
	case cluster.IsForbidden(tried.err) && slices.ContainsFunc(i.Objects, func(o *cluster.Object) bool { return i.changesLimits(ctx, o) }):
		return "would be refused as things are, and this deploy changes what the namespace allows"
	case cluster.IsForbidden(tried.err) && strings.Contains(tried.err.Error(), "exceeded quota") && i.live(ctx, tried.workload) != nil:
		return "would find no room beside those that run now"
	}
	return ""
}

// changesLimits says whether an object decides which pods the namespace allows, and is not there as rendered.
func (i inspector) changesLimits(ctx context.Context, object *cluster.Object) bool {
	if kind := object.GetKind(); kind != "LimitRange" && kind != "ResourceQuota" {
		return false
	}
	live := i.live(ctx, object)
	return live == nil || !cluster.Includes(live.Object, object.Object)
}

// live is an object as it is in the cluster; nil when nobody can see one.
func (i inspector) live(ctx context.Context, object *cluster.Object) *cluster.Object {
	found, err := i.api.Get(ctx, cluster.RefOf(object))
	if err != nil {
		return nil
	}
	return found
}

// madeUp is what precedes a reason: the name that a dry run made up for the pod.
var madeUp = regexp.MustCompile(`^trying out Pod "[^"]*" in namespace "[^"]*": ((pods "[^"]*" is forbidden|Pod "[^"]*" is invalid): )?`)

// reason is the API server's, in one line.
func reason(err error) string {
	return strings.Join(strings.Fields(madeUp.ReplaceAllString(err.Error(), "")), " ")
}
