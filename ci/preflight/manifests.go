package preflight

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// parallelRequests bounds the requests in flight, for API servers that serve others too.
const parallelRequests = 8

// manifests lets the API server do everything with the rendered objects but store them: validation, defaults,
// quota and admission webhooks, and immutable fields.
func (i inspector) manifests(ctx context.Context) Check {
	namespace := cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: i.Environment.Namespace}
	_, err := i.api.Get(ctx, namespace)
	if err != nil && !cluster.IsNotFound(err) {
		return failed("", "%v", err)
	}
	skipped := 0
	problems := make([]string, len(i.Objects))
	var group errgroup.Group
	group.SetLimit(parallelRequests)
	for n, object := range i.Objects {
		if err != nil && object.GetNamespace() == namespace.Name {
			skipped++
			continue
		}
		group.Go(func() error {
			problems[n] = i.dryRun(ctx, object)
			return nil
		})
	}
	_ = group.Wait() // problems are collected, not returned
	found := nonEmpty(problems)
	switch {
	case len(found) > 0:
		return failed("correct the manifests under k8s/", "%s", strings.Join(found, "; "))
	case skipped > 0:
		return passed("%d objects accepted; %d could not be tried, since their namespace does not exist yet", len(i.Objects)-skipped, skipped)
	}
	return passed("%d objects accepted by a server-side dry run", len(i.Objects))
}

// dryRun returns what the API server has against the object. Pod Security refuses pods, not the Deployments that ask
// for them, and only warns of what will happen; here that is a problem.
func (i inspector) dryRun(ctx context.Context, object *cluster.Object) string {
	var mu sync.Mutex
	var warnings []string
	warn := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		if strings.Contains(text, "would violate PodSecurity") {
			warnings = append(warnings, text)
		}
	}
	granted, err := Granted(ctx, i.api, object)
	if err != nil {
		return err.Error()
	}
	if granted {
		return ""
	}
	if _, err := i.api.Apply(ctx, object, cluster.ApplyOptions{DryRun: true, Warning: warn}); err != nil {
		return Refused(err, object, i.Environment).Error()
	}
	if len(warnings) > 0 {
		return fmt.Sprintf("trying out %s: its pods will not be admitted: %s", cluster.RefOf(object), strings.Join(warnings, ", "))
	}
	return ""
}

func nonEmpty(texts []string) []string {
	var kept []string
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}
