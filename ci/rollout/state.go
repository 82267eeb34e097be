package rollout

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
)

const (
	labelManagedBy = "app.kubernetes.io/managed-by"
	// annotationToken on a stable Service names the run that may move its traffic.
	annotationToken = "team-dashboard.app/lease-token"
)

// state is what the cluster says of an environment. Everything that a run decides, it decides on a state.
type state struct {
	environment config.Environment
	// selected is the slot that each stable Service sends its traffic to; Services that do not exist are left out.
	selected map[string]string
	// deployments are those of the releases, in every slot.
	deployments []*cluster.Object
	// records are the newest first.
	records []Record
}

func readState(ctx context.Context, api Reader, app config.Application, environment config.Environment) (state, error) {
	s := state{environment: environment}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.readPlaces(ctx, api, app) })
	group.Go(func() (err error) {
		s.records, err = readRecords(ctx, api, environment)
		return err
	})
	err := group.Wait()
	return s, err
}

// readPlaces reads what changes during a run: where the traffic goes, and what is in the slots.
func (s *state) readPlaces(ctx context.Context, api Reader, app config.Application) (err error) {
	s.selected = map[string]string{}
	if err = s.readServices(ctx, api, app); err != nil {
		return err
	}
	s.deployments, err = api.List(ctx, "apps/v1", "Deployment", s.environment.Namespace, releaseSelector(app, ""))
	return err
}

func (s *state) readServices(ctx context.Context, api Reader, app config.Application) error {
	services, err := api.List(ctx, "v1", "Service", s.environment.Namespace, render.PartOfLabel+"="+app.Name)
	if err != nil {
		return err
	}
	for _, service := range services {
		if _, err := app.Service(service.GetName()); err == nil {
			s.selected[service.GetName()] = selectedSlot(service)
		}
	}
	return nil
}

func readRecords(ctx context.Context, api Reader, environment config.Environment) ([]Record, error) {
	entries, err := api.Records(ctx, environment.Namespace)
	if err != nil {
		return nil, err
	}
	records := make([]Record, len(entries))
	for i, entry := range entries {
		if err := json.Unmarshal(entry.Data, &records[i]); err != nil {
			return nil, fmt.Errorf("reading record %d of %s: %w", entry.Revision, environment.Name, err)
		}
	}
	slices.SortFunc(records, func(a, b Record) int { return cmp.Compare(b.Revision, a.Revision) })
	return records, nil
}

// releaseSelector selects what belongs to releases: in one slot, or in all when slot is empty.
func releaseSelector(app config.Application, slot string) string {
	selector := render.PartOfLabel + "=" + app.Name + "," + render.VersionLabel
	if slot != "" {
		selector += "," + render.SlotLabel + "=" + slot
	}
	return selector
}

func selectedSlot(service *cluster.Object) string {
	slot, _, _ := unstructured.NestedString(service.Object, "spec", "selector", render.SlotLabel)
	return slot
}

// liveSlot is the slot that all stable Services select; empty without slots, or when there are no Services yet. Its
// error says that they disagree, which is how an interrupted switch looks.
func (s state) liveSlot() (string, error) {
	slots := slices.Compact(slices.Sorted(maps.Values(s.selected)))
	switch len(slots) {
	case 0:
		return "", nil
	case 1:
		return slots[0], nil
	}
	var said []string
	for _, service := range slices.Sorted(maps.Keys(s.selected)) {
		said = append(said, fmt.Sprintf("%s selects %q", service, s.selected[service]))
	}
	return "", fmt.Errorf("the stable Services of %s disagree about the live slot: %s", s.environment.Name, strings.Join(said, ", "))
}

// movedTo counts the stable Services that select a slot.
func (s state) movedTo(slot string) int {
	count := 0
	for _, selected := range s.selected {
		if selected == slot {
			count++
		}
	}
	return count
}

// in returns the Deployments in a slot.
func (s state) in(slot string) []*cluster.Object {
	var found []*cluster.Object
	for _, deployment := range s.deployments {
		if deployment.GetLabels()[render.SlotLabel] == slot {
			found = append(found, deployment)
		}
	}
	return found
}

// version is the release in a slot; empty when there is none, or when its Deployments disagree.
func (s state) version(slot string) string {
	version := ""
	for i, deployment := range s.in(slot) {
		if found := deployment.GetLabels()[render.VersionLabel]; i == 0 || found == version {
			version = found
		} else {
			return ""
		}
	}
	return version
}

// occupied says whether a slot has, or is about to have, pods.
func (s state) occupied(slot string) bool {
	return slices.ContainsFunc(s.in(slot), func(d *cluster.Object) bool { return replicas(d) > 0 })
}

// recordOf finds the record of the release in a slot: the newest that succeeded, else the newest.
func (s state) recordOf(slot string) *Record {
	version := s.version(slot)
	var newest *Record
	for i := range s.records {
		record := &s.records[i]
		if record.Slot != slot || record.Release.Version != version {
			continue
		}
		if record.Outcome == OutcomeSucceeded {
			return record
		}
		if newest == nil {
			newest = record
		}
	}
	return newest
}

// releaseIn is the release in a slot as far as it is known: of one that was applied by hand only the version is.
func (s state) releaseIn(slot string) release.Release {
	if record := s.recordOf(slot); record != nil {
		return record.Release
	}
	return release.Release{Version: s.version(slot)}
}

// unfinished is the record of a run that did not come to an end; nil when there is none.
func (s state) unfinished() *Record {
	for i := range s.records {
		if s.records[i].Outcome == OutcomeRunning {
			return &s.records[i]
		}
	}
	return nil
}

func (s state) revision(number int) *Record {
	for i := range s.records {
		if s.records[i].Revision == number {
			return &s.records[i]
		}
	}
	return nil
}

// replicas is the number of pods that a Deployment asks for; the API's default is 1.
func replicas(deployment *cluster.Object) int {
	count, found, _ := unstructured.NestedInt64(deployment.Object, "spec", "replicas")
	if !found {
		return 1
	}
	return int(count)
}
