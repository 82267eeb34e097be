package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// Event is one thing that happened to an object, as the cluster's controllers and nodes report it.
type Event struct {
	Reason  string
	Message string
	Count   int
	Last    time.Time
}

// Events returns what happened to an object lately, oldest first: kinds.EventTypeWarning or kinds.EventTypeNormal.
// Clusters keep events for an hour by default.
func (c *Cluster) Events(ctx context.Context, ref Ref, eventType string) ([]Event, error) {
	selector := fmt.Sprintf("type=%s,involvedObject.kind=%s,involvedObject.name=%s", eventType, ref.Kind, ref.Name)
	var list kinds.List[kinds.Event]
	if err := c.listInto(ctx, "v1", "Event", ref.Namespace, byFields(selector), &list); err != nil {
		return nil, err
	}
	events := make([]Event, len(list.Items))
	for i, item := range list.Items {
		events[i] = Event{Reason: item.Reason, Message: item.Message, Count: int(max(item.Count, 1)), Last: lastSeen(item)}
	}
	slices.SortStableFunc(events, func(a, b Event) int { return a.Last.Compare(b.Last) })
	return events, nil
}

// lastSeen finds the time of an event, which depends on the age of the API that its reporter uses.
func lastSeen(event kinds.Event) time.Time {
	switch {
	case event.Series != nil:
		return event.Series.LastObservedTime.Time
	case !event.LastTimestamp.IsZero():
		return event.LastTimestamp.Time
	case !event.EventTime.IsZero():
		return event.EventTime.Time
	}
	return event.CreationTimestamp.Time
}
