package rollout

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/smoke"
	"github.com/codingbutter/team-dashboard/ci/watch"
)

var (
	application   = twoServices()
	production, _ = application.Environment("production")
	staging, _    = application.Environment("staging")
)

// published makes the release file of a version; every version has its own digests.
func published(version string) release.Release {
	images := map[string]string{}
	for i, name := range application.Images() {
		images[name] = fmt.Sprintf("%s@sha256:%064x", application.Repository(name), []byte(fmt.Sprintf("%s%d", version, i)))
	}
	return release.Release{Version: version, Images: images}
}

// twoServices is the application with as many services as it takes to see them disagree: a test for every write that a
// run makes costs the square of their number.
func twoServices() config.Application {
	app := config.TeamDashboard()
	app.Services = app.Services[:2]
	return app
}

// manifests renders k8s/ of this repository, each combination once, and keeps what the two services need.
type manifests struct {
	mu       sync.Mutex
	rendered map[string][]*cluster.Object
}

var repository = &manifests{rendered: map[string][]*cluster.Object{}}

func (m *manifests) Layer(ctx context.Context, options render.Options) ([]*cluster.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := fmt.Sprint(options.Environment.Name, options.Layer, options.Slot, options.Release.Version)
	if options.Layer != render.Slot {
		key = fmt.Sprint(options.Environment.Name, options.Layer)
	}
	if m.rendered[key] == nil {
		options.Application = config.TeamDashboard()
		for _, service := range options.Application.Services[len(application.Services):] {
			options.Release.Images = maps.Clone(options.Release.Images)
			options.Release.Images[service.Name] = options.Release.Images[application.Services[0].Name]
		}
		objects, err := ManifestsIn("../../k8s").Layer(ctx, options)
		if err != nil {
			return nil, err
		}
		m.rendered[key] = slices.DeleteFunc(objects, func(o *cluster.Object) bool { return !needed(o) })
	}
	copies := make([]*cluster.Object, len(m.rendered[key]))
	for i, object := range m.rendered[key] {
		copies[i] = object.DeepCopy()
	}
	return copies, nil
}

func needed(object *cluster.Object) bool {
	switch object.GetKind() {
	case "Namespace", "StatefulSet", "ConfigMap":
		return true
	case "Service", "Deployment", "HorizontalPodAutoscaler":
		return slices.ContainsFunc(application.Services, func(s config.Service) bool {
			return strings.TrimSuffix(strings.TrimSuffix(object.GetName(), "-blue"), "-green") == s.Name
		})
	}
	return false
}

// world is a cluster with everything around it that a run needs.
type world struct {
	*fakeCluster
	t *testing.T
	// sick, breaching and unreachable are the versions that fail health, the watch, or the proof at the front door.
	sick, breaching, unreachable map[string]bool
	tagged                       map[string]string
	// closed is why nobody answers at the front door; nil when somebody does.
	closed error
	// upstream numbers what the tags of the data layer's images stand for.
	upstream int
	// verifying, if set, is called while a slot is being verified.
	verifying func()
	// smoking, if set, is the smoke suite inside the cluster.
	smoking func(ctx context.Context) error
	// visiting, if set, is the smoke suite at the front door.
	visiting func(patience time.Duration) error
	now      time.Time
}

func newWorld(t *testing.T, environment config.Environment) *world {
	w := &world{fakeCluster: newFakeCluster(), t: t, sick: map[string]bool{}, breaching: map[string]bool{}, unreachable: map[string]bool{},
		tagged: map[string]string{}, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	namespace := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	namespace.SetName(environment.Namespace)
	namespace.SetLabels(map[string]string{render.PartOfLabel: application.Name})
	w.store(namespace)
	for _, secret := range environment.Secrets {
		data := map[string]any{}
		for _, key := range secret.Keys {
			data[key.Name] = base64.StdEncoding.EncodeToString([]byte(valueOf(key)))
		}
		object := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "data": data}}
		object.SetName(secret.Name)
		object.SetNamespace(environment.Namespace)
		w.store(object)
	}
	return w
}

// valueOf is a value that serves as a key.
func valueOf(key config.Key) string {
	value := strings.Repeat("k3JvQ9xT1mZ", 3)
	switch {
	case len(key.Schemes) > 0:
		return key.Schemes[0] + "://app:" + value + "@postgres/app"
	case len(key.Prefixes) > 0:
		return key.Prefixes[0] + value
	}
	return value
}

// again is the same world with a copy of its cluster.
func (w *world) again(t *testing.T) *world {
	copied := *w
	copied.t, copied.fakeCluster = t, w.fakeCluster.clone()
	return &copied
}

func (w *world) deployer() *Deployer {
	return &Deployer{Application: application, Cluster: w.fakeCluster, Images: w, Manifests: repository, Health: w, FrontDoor: w,
		Smoke: w, Watcher: w, Clock: w, Progress: w, Options: DefaultOptions()}
}

func (w *world) deploy(environment config.Environment, version string) (Result, error) {
	return w.deployer().Deploy(w.t.Context(), Request{Environment: environment.Name, Release: published(version), Watch: time.Minute,
		Holder: "somebody", Command: "deploy " + version})
}

func (w *world) rollback(environment config.Environment, request Request) (Result, error) {
	request.Environment, request.Holder, request.Command = environment.Name, "somebody", "rollback"
	return w.deployer().Rollback(w.t.Context(), request)
}

// Verify and Tag are the registry.
func (w *world) Verify(context.Context, release.Release, []string) error { return nil }

// Pin gives a tag of the data layer's images the digest that it stands for now.
func (w *world) Pin(_ context.Context, ref string) (string, error) {
	return fmt.Sprintf("%s@sha256:%064x", ref, w.upstream), nil
}

func (w *world) Resolve(ctx context.Context, ref string) (string, error) { return w.Pin(ctx, ref) }

func (w *world) Tag(_ context.Context, digest, tag string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return errKilled
	}
	repository, _, _ := strings.Cut(digest, "@")
	w.tagged[repository+":"+tag] = digest
	return nil
}

// Check is the health of a slot.
func (w *world) Check(_ context.Context, target release.Target) health.Report {
	if w.verifying != nil {
		w.verifying()
	}
	ok := !w.sick[target.Release.Version]
	return health.Report{Environment: target.Environment.Name, Slot: target.Slot, Checks: []health.CheckResult{{Name: "endpoints", OK: ok, Detail: "dashboard: /health answered 503"}}}
}

// Prove is the front door: it answers by way of the stable Services.
func (w *world) Prove(ctx context.Context, target release.Target) (health.Proof, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(ctx); err != nil {
		return health.Proof{}, err
	}
	for _, service := range application.Services {
		for _, version := range w.behind(target.Environment, service.Name) {
			if version != target.Release.Version || w.unreachable[version] {
				return health.Proof{Requests: 1, Old: 1}, fmt.Errorf("%s answered by release %q", service.Name, version)
			}
		}
	}
	return health.Proof{Requests: 40, Settled: w.now}, nil
}

func (w *world) Reach(context.Context, release.Target) (string, error) { return "", w.closed }

// Slot and Public are the smoke suite.
func (w *world) Slot(ctx context.Context, _ release.Target, _ time.Duration) (smoke.Result, error) {
	if w.smoking != nil {
		return smoke.Result{}, w.smoking(ctx)
	}
	return smoke.Result{Passed: 3}, nil
}

func (w *world) Public(_ context.Context, _ release.Target, patience time.Duration) (smoke.Result, error) {
	if w.visiting != nil {
		return smoke.Result{}, w.visiting(patience)
	}
	return smoke.Result{Passed: 3}, nil
}

func (w *world) Watch(_ context.Context, target release.Target, duration time.Duration) (Watch, error) {
	verdict := watch.Verdict{Outcome: watch.Healthy}
	if w.breaching[target.Release.Version] {
		verdict = watch.Verdict{Outcome: watch.Breached, Reason: "error rate 23 %, at most 10 %"}
	}
	return Watch{Asked: duration, Took: duration, Result: watch.Result{Verdict: verdict}}, nil
}

// Now and Sleep are the clock: it advances only when somebody sleeps.
func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) Sleep(ctx context.Context, pause time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(pause)
	return context.Cause(ctx)
}

func (w *world) Phase(ctx context.Context, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (w *world) Info(context.Context, string, ...any) {}

// behind lists the versions of the ready pods that a stable Service selects.
func (w *world) behind(environment config.Environment, service string) []string {
	object := w.objects[cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: environment.Namespace, Name: service}]
	if object == nil {
		return nil
	}
	selector, _, _ := unstructured.NestedStringMap(object.Object, "spec", "selector")
	var terms []string
	for key, value := range selector {
		terms = append(terms, key+"="+value)
	}
	var found []string
	for _, pod := range w.list("v1", "Pod", environment.Namespace, strings.Join(terms, ",")) {
		if ready(pod) {
			found = append(found, pod.GetLabels()[render.VersionLabel])
		}
	}
	return found
}

// guard breaks the test at the first write after which an invariant of DESIGN.md, section 6, does not hold.
func (w *world) guard(environment config.Environment) {
	served := map[string]bool{}
	w.after = func(done write) {
		locked := w.holder != nil || done.verb == "unlock" || done.ref.Kind == "Namespace"
		assert.True(w.t, locked, "%s: written without the lock", done)
		for _, service := range application.Services {
			behind := len(w.behind(environment, service.Name)) > 0
			assert.True(w.t, behind || !served[service.Name], "%s: %s has no ready endpoint any more", done, service.Name)
			served[service.Name] = served[service.Name] || behind
		}
		for _, slot := range environment.Slots {
			pods := w.list("v1", "Pod", environment.Namespace, render.SlotLabel+"="+slot)
			assert.LessOrEqual(w.t, len(versions(pods)), 1, "%s: slot %s holds %v", done, slot, versions(pods))
			w.guardLive(environment, slot, done)
		}
	}
}

// guardLive refuses changes of objects of a slot that any stable Service selects while it serves.
func (w *world) guardLive(environment config.Environment, slot string, done write) {
	if !strings.HasSuffix(done.ref.Name, "-"+slot) || done.ref.Kind == "Secret" {
		return
	}
	for _, service := range application.Services {
		object := w.objects[cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: environment.Namespace, Name: service.Name}]
		if object != nil && selectedSlot(object) == slot {
			assert.Fail(w.t, "the live slot was changed", "%s, while %s selects %s", done, service.Name, slot)
		}
	}
}

// finished asserts that nothing is halfway: one release is live in one slot, the other slot is empty, no record says
// that a run is under way, and the lock is free.
func (w *world) finished(environment config.Environment, live string) {
	w.t.Helper()
	require.Nil(w.t, w.holder, "the lock is held")
	for _, record := range w.recorded() {
		assert.NotEqual(w.t, OutcomeRunning, record.Outcome, "revision %d still runs at step %q", record.Revision, record.Step)
	}
	selected := map[string]bool{}
	for _, service := range application.Services {
		object := w.objects[cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: environment.Namespace, Name: service.Name}]
		require.NotNil(w.t, object, "there is no stable Service %s", service.Name)
		selected[selectedSlot(object)] = true
		behind := w.behind(environment, service.Name)
		assert.NotEmpty(w.t, behind, "%s has no ready pod", service.Name)
		for _, version := range behind {
			assert.Equal(w.t, live, version, "behind %s", service.Name)
		}
	}
	assert.Len(w.t, selected, 1, "the stable Services disagree: %v", selected)
	for _, slot := range environment.Slots {
		if !selected[slot] {
			label := render.SlotLabel + "=" + slot
			assert.Empty(w.t, w.list("v1", "Pod", environment.Namespace, label), "slot %s is not parked", slot)
			assert.Empty(w.t, w.list("autoscaling/v2", "HorizontalPodAutoscaler", environment.Namespace, label), "slot %s is not parked", slot)
		}
	}
}

// liveVersion is what answers behind every stable Service; empty when they disagree.
func (w *world) liveVersion(environment config.Environment) string {
	version := ""
	for i, service := range application.Services {
		for j, found := range w.behind(environment, service.Name) {
			if version != found && i+j > 0 {
				return ""
			}
			version = found
		}
	}
	return version
}

func namespaceRef(name string) cluster.Ref {
	return cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: name}
}

var errRefused = errors.New("refused for this test")
