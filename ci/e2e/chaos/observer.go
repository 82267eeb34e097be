package chaos

import (
	"context"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

const (
	// observeEvery bounds how late the observer sees what it looks for.
	observeEvery = 250 * time.Millisecond
	// following is how long the dataplane may take to follow what the API server says.
	following = 2 * time.Second
)

// nodes stands for the node in the observer's book, beside the Services.
const nodes = "(node)"

// gap is a time in which a Service had no ready endpoint, or the node was not ready.
type gap struct {
	name     string
	from, to time.Time
}

// observer watches by its own requests which Services have ready endpoints, and whether the node is ready. While the API
// server does not answer everything counts as unchanged, as it does for what routes the traffic.
type observer struct {
	api       *access
	namespace string
	services  []string

	mu   sync.Mutex
	open map[string]time.Time // since when
	gaps []gap
}

func newObserver(api *access, namespace string, services []string) *observer {
	return &observer{api: api, namespace: namespace, services: services, open: map[string]time.Time{}}
}

func (o *observer) run(ctx context.Context) {
	last := time.Now()
	for ctx.Err() == nil {
		began := time.Now()
		if state, err := o.look(ctx); err == nil {
			o.note(state, last, time.Now())
			last = began
		}
		select {
		case <-time.After(observeEvery):
		case <-ctx.Done():
		}
	}
}

// look says of each Service whether it has a ready endpoint, and of the node whether it is ready.
func (o *observer) look(ctx context.Context) (map[string]bool, error) {
	var slices discoveryv1.EndpointSliceList
	if err := o.api.get(ctx, "/apis/discovery.k8s.io/v1/namespaces/"+o.namespace+"/endpointslices", &slices); err != nil {
		return nil, err
	}
	var list corev1.NodeList
	if err := o.api.get(ctx, "/api/v1/nodes", &list); err != nil {
		return nil, err
	}
	state := map[string]bool{nodes: true}
	for _, service := range o.services {
		state[service] = false
	}
	for _, slice := range slices.Items {
		service := slice.Labels[discoveryv1.LabelServiceName]
		if ready, watched := state[service]; watched {
			state[service] = ready || hasReady(slice)
		}
	}
	for _, node := range list.Items {
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
				state[nodes] = false
			}
		}
	}
	return state, nil
}

func hasReady(slice discoveryv1.EndpointSlice) bool {
	return slices.ContainsFunc(slice.Endpoints, func(e discoveryv1.Endpoint) bool {
		return e.Conditions.Ready == nil || *e.Conditions.Ready
	})
}

// note brings the book up to date: what is gone now may have gone any time since the last look.
func (o *observer) note(state map[string]bool, last, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, fine := range state {
		since, open := o.open[name]
		switch {
		case !fine && !open:
			o.open[name] = last
		case fine && open:
			o.gaps = append(o.gaps, gap{name, since, now})
			delete(o.open, name)
		}
	}
}

// since are the gaps that ended after a moment, and those that are open.
func (o *observer) since(moment time.Time) []gap {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []gap
	for _, g := range o.gaps {
		if g.to.After(moment) {
			found = append(found, g)
		}
	}
	for name, since := range o.open {
		found = append(found, gap{name, since, time.Now()})
	}
	return found
}

// deed is an injected event by which a Service may lose its endpoints.
type deed struct {
	cause   Cause
	service string // empty: all
	from    time.Time
	// to is when the event itself was over; endpoints may come back later.
	to time.Time
	// whole says that the Service cannot answer from beginning to end, whatever its endpoints say: its pods stand still,
	// or a policy forbids it.
	whole bool
}

// outages are the times for which injected events and the observed gaps together explain that a Service did not answer.
func outages(deeds []deed, gaps []gap) []Outage {
	var found []Outage
	for _, d := range deeds {
		if d.whole {
			found = append(found, Outage{Service: d.service, From: d.from, To: d.to.Add(following), Cause: d.cause})
		}
		for _, g := range gaps {
			// A gap belongs to an event that was on, or just over, when it began.
			if g.name != nodes && (d.service == "" || d.service == g.name) && !g.from.Before(d.from.Add(-following)) && g.from.Before(d.to.Add(following)) {
				found = append(found, Outage{Service: g.name, From: g.from, To: g.to.Add(following), Cause: d.cause})
			}
		}
	}
	for _, node := range gaps {
		if node.name != nodes {
			continue
		}
		for _, g := range gaps {
			if g.name != nodes && g.from.Before(node.to.Add(following)) && g.to.After(node.from.Add(-following)) {
				found = append(found, Outage{Service: g.name, From: g.from, To: g.to.Add(following), Cause: ByNode})
			}
		}
	}
	return found
}
