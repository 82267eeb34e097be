package rollout

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/record"
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
		m.rendered[key] = slices.DeleteFunc(objects, func(o *cluster.Object) bool { return !isNeeded(o) })
	}
	copies := make([]*cluster.Object, len(m.rendered[key]))
	for i, object := range m.rendered[key] {
		copies[i] = object.DeepCopy()
	}
	return copies, nil
}

// isNeeded leaves out what is like others: every object costs a kill at its write.
func isNeeded(object *cluster.Object) bool {
	switch object.GetKind() {
	case "Namespace", "StatefulSet", "ConfigMap", "Ingress":
		return true
	case "NetworkPolicy":
		return object.GetName() == "default-deny" || object.GetName() == "postgres"
	case "Service", "Deployment", "HorizontalPodAutoscaler":
		return slices.ContainsFunc(application.Services, func(s config.Service) bool {
			return strings.TrimSuffix(strings.TrimSuffix(object.GetName(), "-blue"), "-green") == s.Name
		})
	}
	return false
}

// edited are the repository's manifests, changed by hand.
type edited struct {
	edit func(layer render.LayerName, object *cluster.Object) *cluster.Object
	more []*cluster.Object
}

func (e edited) Layer(ctx context.Context, options render.Options) ([]*cluster.Object, error) {
	objects, err := repository.Layer(ctx, options)
	var changed []*cluster.Object
	for _, object := range objects {
		if e.edit != nil {
			object = e.edit(options.Layer, object)
		}
		if object != nil {
			changed = append(changed, object)
		}
	}
	if options.Layer == render.Platform {
		changed = append(changed, e.more...)
	}
	return changed, err
}

// world is a cluster with everything around it that a run needs.
type world struct {
	*clustertest.Server
	t *testing.T
	// client is the process that types the next command.
	client *clustertest.Client
	// manifests are those that are deployed.
	manifests Manifests
	mu        *sync.Mutex
	// sick, breaching and unreachable are the versions that fail health, the watch, or the proof at the front door.
	sick, breaching, unreachable map[string]bool
	// hanging are the versions whose pods do not become ready.
	hanging map[string]bool
	tagged  map[string]string
	// tagging, if set, is how the registry takes a tag.
	tagging func(ctx context.Context) error
	// closed is why nobody answers at the front door; nil when somebody does.
	closed error
	// halfDone is what another room says was left so; nil when nothing was.
	halfDone error
	// upstream numbers what the tags of the data layer's images stand for.
	upstream int
	// verifying, smoking, visiting and watching, if set, are called in place of what they are named after.
	verifying func()
	smoking   func(ctx context.Context) error
	visiting  func(wait time.Duration) error
	watching  func()
}

// inWorld runs a test in a world of its own, whose time passes only while everybody waits.
func inWorld(t *testing.T, environment config.Environment, test func(t *testing.T, w *world), versions ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, environment)
		for _, version := range versions {
			_, err := w.deploy(environment, version)
			require.NoError(t, err)
		}
		w.client = w.NewClient()
		w.guard(environment)
		test(t, w)
	})
}

func newWorld(t *testing.T, environment config.Environment) *world {
	w := &world{Server: clustertest.NewServer(), t: t, mu: &sync.Mutex{}, manifests: repository, sick: map[string]bool{}, breaching: map[string]bool{}, unreachable: map[string]bool{},
		hanging: map[string]bool{}, tagged: map[string]string{}}
	w.Hanging = func(labels map[string]string) bool { return w.hanging[labels[render.VersionLabel]] }
	w.client = w.NewClient()
	namespace := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	namespace.SetName(environment.Namespace)
	namespace.SetLabels(map[string]string{render.PartOfLabel: application.Name})
	w.Put(namespace)
	return w
}

// again is the same world with a copy of its cluster, and a new process.
func (w *world) again(t *testing.T) *world {
	copied := *w
	copied.t, copied.Server = t, w.Clone()
	copied.Hanging = func(labels map[string]string) bool { return copied.hanging[labels[render.VersionLabel]] }
	copied.client = copied.NewClient()
	return &copied
}

// next is a new process in the same world: the lock of the one before runs out by itself.
func (w *world) next() { w.client = w.NewClient() }

func (w *world) deployer() *Deployer {
	options := DefaultOptions()
	options.ReadyBudget = 20 * time.Second // a wait looks four times a second
	return &Deployer{Application: application, Cluster: w.client.Cluster(), Registry: w, Manifests: w.manifests, Health: w, FrontDoor: w,
		Smoke: w, Watcher: w, Progress: w, Options: options, Checks: w.checks()}
}

func (w *world) deploy(environment config.Environment, version string) (Result, error) {
	return w.deployer().Deploy(w.t.Context(), Request{Environment: environment.Name, Release: published(version), Watch: time.Minute,
		Holder: "somebody", Command: "deploy " + version})
}

func (w *world) rollback(environment config.Environment, request Request) (Result, error) {
	request.Environment, request.Holder, request.Command = environment.Name, "somebody", "rollback"
	return w.deployer().Rollback(w.t.Context(), request)
}

func (w *world) observer() Observer {
	return Observer{Application: application, Cluster: w.NewClient().Cluster(), Checks: w.checks()}
}

// checks are those of another room: whether something was left half done.
func (w *world) checks() []preflight.Check {
	return []preflight.Check{{Name: "restore", Ask: func(context.Context, config.Environment) (string, error) { return "", w.halfDone }}}
}

// Verify, Pin, Resolve and Tag are the registry.
func (w *world) Verify(context.Context, release.Release, []string) error { return nil }

func (w *world) Pin(_ context.Context, ref string) (string, error) {
	return fmt.Sprintf("%s@sha256:%064x", ref, w.upstream), nil
}

func (w *world) Resolve(ctx context.Context, ref string) (string, error) { return w.Pin(ctx, ref) }

func (w *world) Tag(ctx context.Context, digest, tag string) error {
	if w.tagging != nil {
		return w.tagging(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.client.Dead() {
		return errors.New("killed")
	}
	repository, _, _ := strings.Cut(digest, "@")
	w.tagged[repository+":"+tag] = digest
	return nil
}

// Check is the health of a slot: every service has a ready pod of the release, and the database lets it in.
func (w *world) Check(_ context.Context, target release.Target) health.Report {
	if w.verifying != nil {
		w.verifying()
	}
	ok := !w.sick[target.Release.Version] && w.databaseOpen(target)
	return health.Report{Environment: target.Environment.Name, Slot: target.Slot, Checks: []health.CheckResult{{Name: "endpoints", OK: ok, Detail: "dashboard: /health answered 503"}}}
}

// databaseOpen says whether any policy lets somebody into the database.
func (w *world) databaseOpen(target release.Target) bool {
	for _, policy := range w.List("networking.k8s.io/v1", "NetworkPolicy", target.Environment.Namespace, nil) {
		rules, _, _ := unstructured.NestedSlice(policy.Object, "spec", "ingress")
		if strings.HasPrefix(policy.GetName(), "postgres") && len(rules) > 0 {
			return true
		}
	}
	return false
}

// Prove is the front door: it answers by way of the stable Services.
func (w *world) Prove(ctx context.Context, target release.Target) (health.Proof, error) {
	if w.client.Dead() {
		return health.Proof{}, errors.New("killed")
	}
	if err := context.Cause(ctx); err != nil {
		return health.Proof{}, err
	}
	for _, service := range application.Services {
		for _, pod := range w.behind(target.Environment, service.Name) {
			version := pod.GetLabels()[render.VersionLabel]
			if version != target.Release.Version || pod.GetLabels()[render.SlotLabel] != target.Slot || w.unreachable[version] {
				return health.Proof{Requests: 1, Old: 1}, fmt.Errorf("%s answered by release %q in slot %q", service.Name, version, pod.GetLabels()[render.SlotLabel])
			}
		}
	}
	return health.Proof{Requests: 40, Settled: time.Now()}, nil
}

func (w *world) Reach(context.Context, release.Target) (string, error) { return "", w.closed }

// Slot and Public are the smoke suite.
func (w *world) Slot(ctx context.Context, _ release.Target, _ time.Duration) (smoke.Result, error) {
	if w.smoking != nil {
		return smoke.Result{}, w.smoking(ctx)
	}
	return smoke.Result{Passed: 3}, nil
}

func (w *world) Public(_ context.Context, _ release.Target, wait time.Duration) (smoke.Result, error) {
	if w.visiting != nil {
		return smoke.Result{}, w.visiting(wait)
	}
	return smoke.Result{Passed: 3}, nil
}

func (w *world) Watch(_ context.Context, target release.Target, duration time.Duration) (Watch, error) {
	if w.watching != nil {
		w.watching()
	}
	verdict := watch.Verdict{Outcome: watch.Healthy}
	if w.breaching[target.Release.Version] {
		verdict = watch.Verdict{Outcome: watch.Breached, Reason: "error rate 23 %, at most 10 %"}
	}
	return Watch{Asked: duration, Took: duration, Result: watch.Result{Verdict: verdict}}, nil
}

func (w *world) Phase(ctx context.Context, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (w *world) Info(context.Context, string, ...any) {}

// behind lists the ready pods that a stable Service selects.
func (w *world) behind(environment config.Environment, service string) []*cluster.Object {
	return behind(environment, service, w.Get, w.List)
}

type (
	getter func(cluster.Ref) *cluster.Object
	lister func(apiVersion, kind, namespace string, labels map[string]string) []*cluster.Object
)

func behind(environment config.Environment, service string, get getter, list lister) []*cluster.Object {
	object := get(serviceRef(environment, service))
	if object == nil {
		return nil
	}
	selector, _, _ := unstructured.NestedStringMap(object.Object, "spec", "selector")
	return slices.DeleteFunc(list("v1", "Pod", environment.Namespace, selector), func(pod *cluster.Object) bool { return !podReady(pod) })
}

func podReady(pod *cluster.Object) bool {
	conditions, _, _ := unstructured.NestedSlice(pod.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(raw any) bool {
		condition, _ := raw.(map[string]any)
		return condition["type"] == "Ready" && condition["status"] == "True"
	})
}

func serviceRef(environment config.Environment, name string) cluster.Ref {
	return cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: environment.Namespace, Name: name}
}

func deploymentRef(environment config.Environment, name string) cluster.Ref {
	return cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: environment.Namespace, Name: name}
}

// guard breaks the test at the first write after which an invariant of DESIGN.md, section 6, does not hold.
func (w *world) guard(environment config.Environment) {
	served := map[string]bool{}
	view := w.Peek()
	w.After = func(done clustertest.Write) {
		lease := view.Get(lock.Ref(environment.Namespace))
		locked := done.Ref.Kind == "Lease" || done.Ref.Kind == "Namespace"
		if lease != nil {
			holder, _, _ := unstructured.NestedString(lease.Object, "spec", "holderIdentity")
			locked = locked || holder != ""
		}
		assert.True(w.t, locked, "%s: written without the lock", done)
		for _, service := range application.Services {
			serves := len(behind(environment, service.Name, view.Get, view.List)) > 0
			assert.True(w.t, serves || !served[service.Name], "%s: %s has no ready endpoint any more", done, service.Name)
			served[service.Name] = served[service.Name] || serves
		}
		for _, slot := range environment.Slots {
			pods := view.List("v1", "Pod", environment.Namespace, map[string]string{render.SlotLabel: slot})
			assert.LessOrEqual(w.t, len(versions(pods)), 1, "%s: slot %s holds %v", done, slot, versions(pods))
		}
		w.guardLive(environment, view, done)
	}
}

// guardLive refuses changes of objects of a slot that any stable Service selects while it serves, but for more pods.
func (w *world) guardLive(environment config.Environment, view clustertest.View, done clustertest.Write) {
	for _, slot := range environment.Slots {
		if !strings.HasSuffix(done.Ref.Name, "-"+slot) || done.Ref.Kind == "Secret" || done.Verb == "scale" || done.Verb == "patch" {
			continue
		}
		for _, service := range application.Services {
			if object := view.Get(serviceRef(environment, service.Name)); object != nil && selectedSlot(object) == slot {
				assert.Fail(w.t, "the live slot was changed", "%s, while %s selects %s", done, service.Name, slot)
			}
		}
	}
}

// versions names the releases that objects belong to.
func versions(objects []*cluster.Object) []string {
	var found []string
	for _, object := range objects {
		if version := object.GetLabels()[render.VersionLabel]; !slices.Contains(found, version) {
			found = append(found, version)
		}
	}
	slices.Sort(found)
	return found
}

// records are what the cluster remembers, the newest first.
func (w *world) records(environment config.Environment) []record.Record {
	history, err := record.Read(w.t.Context(), w.NewClient().Cluster(), environment.Namespace)
	require.NoError(w.t, err)
	return history.Records
}

// finished asserts that nothing is halfway: one release is live in one slot, the other slot is empty, no record says
// that a run is under way, no policy is temporary, and the lock is free.
func (w *world) finished(environment config.Environment, live string) {
	w.t.Helper()
	lease := w.Get(lock.Ref(environment.Namespace))
	if lease != nil && w.client.Away == nil { // else the lock may have to end by itself
		holder, _, _ := unstructured.NestedString(lease.Object, "spec", "holderIdentity")
		renewed, _, _ := unstructured.NestedString(lease.Object, "spec", "renewTime")
		last, err := time.Parse(time.RFC3339Nano, renewed)
		require.NoError(w.t, err)
		assert.False(w.t, holder != "" && time.Since(last) < DefaultOptions().LockTTL, "the lock is held")
	}
	for _, r := range w.records(environment) {
		assert.NotEqual(w.t, record.Running, r.Outcome, "revision %d still runs at step %q", r.Revision, r.Step)
	}
	selected := map[string]bool{}
	for _, service := range application.Services {
		object := w.Get(serviceRef(environment, service.Name))
		require.NotNil(w.t, object, "there is no stable Service %s", service.Name)
		selected[selectedSlot(object)] = true
		pods := w.behind(environment, service.Name)
		assert.NotEmpty(w.t, pods, "%s has no ready pod", service.Name)
		assert.Equal(w.t, []string{live}, versions(pods), "behind %s", service.Name)
	}
	assert.Len(w.t, selected, 1, "the stable Services disagree: %v", selected)
	for _, slot := range environment.Slots {
		if !selected[slot] {
			labels := map[string]string{render.SlotLabel: slot}
			assert.Empty(w.t, w.List("v1", "Pod", environment.Namespace, labels), "slot %s is not parked", slot)
			assert.Empty(w.t, w.List("autoscaling/v2", "HorizontalPodAutoscaler", environment.Namespace, labels), "slot %s is not parked", slot)
		}
	}
	assert.Empty(w.t, w.List("networking.k8s.io/v1", "NetworkPolicy", environment.Namespace, map[string]string{temporaryLabel: "true"}))
}

// liveVersion is what answers behind every stable Service; empty when they disagree.
func (w *world) liveVersion(environment config.Environment) string {
	var all []*cluster.Object
	for _, service := range application.Services {
		all = append(all, w.behind(environment, service.Name)...)
	}
	if found := versions(all); len(found) == 1 {
		return found[0]
	}
	return ""
}

// packed is a record's text as its Secret holds it.
func packed(t *testing.T, text string) string {
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, err := writer.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return base64.StdEncoding.EncodeToString(buffer.Bytes())
}
