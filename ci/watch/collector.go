package watch

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// Prober asks a public path of the environment; *health.FrontDoor is the real one.
type Prober interface {
	Get(ctx context.Context, path string) (health.Answer, error)
}

// concurrency bounds how many pods and paths are asked at once.
const concurrency = 8

// Collector observes a release by its pods' status, their own metrics, and probes
// through the front door. It remembers the counters of the sample before, so one
// Collector serves one watch; it is not safe for concurrent use.
type Collector struct {
	api    *cluster.Cluster
	prober Prober
	app    config.Application
	target release.Target

	begun bool
	// By the pods' uid: the counters and the restarts of the sample before.
	pages    map[types.UID]page
	restarts map[types.UID]int
	// By service: the restarts since the first sample.
	restarted map[string]int
}

// NewCollector observes the target. A nil prober leaves the probes out.
func NewCollector(api *cluster.Cluster, prober Prober, app config.Application, target release.Target) *Collector {
	return &Collector{
		api: api, prober: prober, app: app, target: target,
		pages: map[types.UID]page{}, restarts: map[types.UID]int{}, restarted: map[string]int{},
	}
}

// Sample observes the release once. An error means that not even its pods could
// be listed; a pod that does not show its metrics is named in Unread.
func (c *Collector) Sample(ctx context.Context) (Sample, error) {
	deployments, err := health.Deployments(ctx, c.api, c.app, c.target)
	if err != nil {
		return Sample{}, err
	}
	pages, unread := c.read(ctx, deployments)
	probes := c.probe(ctx)
	sample, all := Sample{Services: map[string]Observation{}, Unread: unread}, histogram{}
	for _, service := range c.app.Services {
		deployment, observation := deployments[service.Name], probes[service.Name]
		answered := c.answered(deployment.Pods, pages)
		all.add(answered)
		c.countRestarts(service.Name, deployment.Pods)
		observation.Requests, observation.Errors, observation.P95 = answered.count, answered.errors, answered.quantile(0.95)
		observation.Ready, observation.Desired = deployment.Ready, deployment.Desired
		observation.Restarts = c.restarted[service.Name]
		sample.Services[service.Name] = observation
	}
	sample.Observation = total(sample.Services, all.quantile(0.95))
	c.begun = true
	return sample, nil
}

// read gets the metrics of all pods, by uid.
func (c *Collector) read(ctx context.Context, deployments map[string]workload.Deployment) (map[types.UID]page, []string) {
	var mutex sync.Mutex
	var group errgroup.Group
	group.SetLimit(concurrency)
	pages, unread := map[types.UID]page{}, []string{}
	for _, service := range c.app.Services {
		for _, pod := range deployments[service.Name].Pods {
			group.Go(func() error {
				read, err := c.readPod(ctx, pod.Name, service.Port)
				mutex.Lock()
				defer mutex.Unlock()
				if err != nil {
					unread = append(unread, fmt.Sprintf("metrics of pod %s: %s", pod.Name, err))
				} else {
					pages[pod.UID] = read
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	slices.Sort(unread)
	return pages, unread
}

func (c *Collector) readPod(ctx context.Context, pod string, port int) (page, error) {
	response, err := c.api.PodGet(ctx, c.target.Environment.Namespace, pod, port, config.MetricsPath)
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK {
		return nil, fmt.Errorf("it answered %d on %s", response.Status, config.MetricsPath)
	}
	return parsePage(response.Body)
}

// answered sums what the pods of a service answered since the sample before. The
// first sample only sets the mark, also for a pod that could not be read until
// now; a pod that was made since counts from its start.
func (c *Collector) answered(pods []workload.Pod, pages map[types.UID]page) histogram {
	sum := histogram{}
	for _, pod := range pods {
		now, read := pages[pod.UID]
		before, known := c.pages[pod.UID]
		_, seen := c.restarts[pod.UID]
		switch {
		case !read:
			continue
		case known && pod.Restarts > c.restarts[pod.UID]:
			// The process is another one: the counters began anew, however far they are.
			sum.add(now.since(nil))
		case known:
			sum.add(now.since(before))
		case c.begun && !seen:
			sum.add(now.since(nil))
		}
		c.pages[pod.UID] = now
	}
	return sum
}

// countRestarts must come after answered, which compares with the sample before.
func (c *Collector) countRestarts(service string, pods []workload.Pod) {
	for _, pod := range pods {
		before, seen := c.restarts[pod.UID]
		if seen || c.begun {
			c.restarted[service] += max(0, pod.Restarts-before)
		}
		c.restarts[pod.UID] = pod.Restarts
	}
}

// probe asks each service's health, which must be well, and the root of its
// public path, which must not fail: the application's own routes may be broken
// where its health is not.
func (c *Collector) probe(ctx context.Context) map[string]Observation {
	results := map[string]Observation{}
	if c.prober == nil {
		return results
	}
	var mutex sync.Mutex
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, service := range c.app.Services {
		for _, path := range []string{service.HealthPath, service.Path} {
			group.Go(func() error {
				took, failure := c.ask(ctx, path, path == service.HealthPath)
				mutex.Lock()
				defer mutex.Unlock()
				result := results[service.Name]
				result.Probes++
				result.ProbeTime = max(result.ProbeTime, took)
				if failure != "" {
					result.ProbeFailures++
					result.Failure = failure
				}
				results[service.Name] = result
				return nil
			})
		}
	}
	_ = group.Wait()
	return results
}

func (c *Collector) ask(ctx context.Context, path string, strict bool) (took time.Duration, failure string) {
	answer, err := c.prober.Get(ctx, path)
	switch {
	case err != nil:
		return 0, fmt.Sprintf("%s: no answer: %s", path, err)
	case c.target.Release.Version != "" && answer.Release != c.target.Release.Version:
		return answer.Duration, fmt.Sprintf("%s: answered %d by release %q instead of %q", path, answer.Status, answer.Release, c.target.Release.Version)
	case answer.Status >= http.StatusInternalServerError, strict && answer.Status != http.StatusOK:
		return answer.Duration, fmt.Sprintf("%s: answered %d", path, answer.Status)
	}
	return answer.Duration, ""
}
