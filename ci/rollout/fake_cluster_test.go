package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// errKilled is what every call returns after the process was "killed": nothing it does reaches the cluster any more.
var errKilled = errors.New("killed")

// write is one change, as the cluster saw it.
type write struct {
	verb string
	ref  cluster.Ref
}

func (w write) String() string { return w.verb + " " + w.ref.Kind + "/" + w.ref.Name }

// fakeCluster keeps objects like an API server (server-side apply by merge, versions, JSON patches with tests, a lease)
// and plays the controllers: Deployments have their pods at once.
type fakeCluster struct {
	mu      sync.Mutex
	objects map[cluster.Ref]*cluster.Object
	records map[int]cluster.Entry
	version int
	holder  *fakeLock
	dead    bool
	writes  []write
	// before is asked before each write, the n-th from 0, and may refuse it.
	before func(n int, w write) error
	// after sees each write that was done, under the lock of the cluster.
	after func(w write)
	// applied sees each object that was applied, as it came.
	applied func(object *cluster.Object)
	// broken is the StatefulSet whose pod does not start.
	broken string
	// forbidden are the kinds that the user has no rights on.
	forbidden map[string]bool
	// hanging are the versions whose pods never become ready.
	hanging map[string]bool
	// address is where the ways in of a kind answer; uncertified is why no Gateway does.
	address     map[string]string
	uncertified string
}

func newFakeCluster() *fakeCluster {
	return &fakeCluster{objects: map[cluster.Ref]*cluster.Object{}, records: map[int]cluster.Entry{}, hanging: map[string]bool{},
		address: map[string]string{"Ingress": "192.0.2.1", "Gateway": "192.0.2.1"}}
}

// clone copies the state, for many runs from the same start. Nobody holds the copy's lock.
func (c *fakeCluster) clone() *fakeCluster {
	copied := newFakeCluster()
	for ref, object := range c.objects {
		copied.objects[ref] = object.DeepCopy()
	}
	for revision, entry := range c.records {
		copied.records[revision] = entry
	}
	for version := range c.hanging {
		copied.hanging[version] = true
	}
	copied.version = c.version
	return copied
}

// revive starts the next process: the lock of the killed one has run out.
func (c *fakeCluster) revive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead, c.holder, c.before, c.writes = false, nil, nil, nil
}

// change performs a write unless it is refused.
func (c *fakeCluster) change(ctx context.Context, verb string, ref cluster.Ref, do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.alive(ctx); err != nil {
		return err
	}
	w := write{verb, ref}
	if c.before != nil {
		if err := c.before(len(c.writes), w); err != nil {
			c.dead = errors.Is(err, errKilled)
			return err
		}
	}
	if err := do(); err != nil {
		return err
	}
	c.writes = append(c.writes, w)
	if c.after != nil {
		c.after(w)
	}
	return nil
}

func (c *fakeCluster) alive(ctx context.Context) error {
	if c.dead {
		return errKilled
	}
	return context.Cause(ctx)
}

func notFound(ref cluster.Ref) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: ref.Kind}, ref.Name)
}

func (c *fakeCluster) Get(ctx context.Context, ref cluster.Ref) (*cluster.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.alive(ctx); err != nil {
		return nil, err
	}
	if object := c.objects[ref]; object != nil {
		return object.DeepCopy(), nil
	}
	return nil, notFound(ref)
}

func (c *fakeCluster) List(ctx context.Context, apiVersion, kind, namespace, selector string) ([]*cluster.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.alive(ctx); err != nil {
		return nil, err
	}
	if c.forbidden[kind] {
		return nil, apierrors.NewForbidden(schema.GroupResource{Resource: kind}, "", errors.New("it is not given"))
	}
	return c.list(apiVersion, kind, namespace, selector), nil
}

func (c *fakeCluster) list(apiVersion, kind, namespace, selector string) []*cluster.Object {
	var found []*cluster.Object
	for ref, object := range c.objects {
		if ref.APIVersion == apiVersion && ref.Kind == kind && ref.Namespace == namespace && matches(object.GetLabels(), selector) {
			found = append(found, object.DeepCopy())
		}
	}
	slices.SortFunc(found, func(a, b *cluster.Object) int { return strings.Compare(a.GetName(), b.GetName()) })
	return found
}

// matches understands `key=value` and `key`, separated by commas.
func matches(labels map[string]string, selector string) bool {
	for _, term := range strings.FieldsFunc(selector, func(r rune) bool { return r == ',' }) {
		key, value, hasValue := strings.Cut(term, "=")
		if found, ok := labels[key]; !ok || hasValue && found != value {
			return false
		}
	}
	return true
}

func (c *fakeCluster) Can(ctx context.Context, action cluster.Action) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.forbidden[action.Kind], c.alive(ctx)
}

func (c *fakeCluster) Apply(ctx context.Context, object *cluster.Object, options cluster.ApplyOptions) (*cluster.Object, error) {
	if options.DryRun {
		return object.DeepCopy(), nil
	}
	ref := cluster.RefOf(object)
	err := c.change(ctx, "apply", ref, func() error {
		stored := c.objects[ref]
		if stored == nil {
			stored = &cluster.Object{Object: map[string]any{}}
		}
		if wanted := object.GetResourceVersion(); wanted != "" && wanted != stored.GetResourceVersion() {
			return fmt.Errorf("%w: resource version", cluster.ErrPreconditionFailed)
		}
		if c.applied != nil {
			c.applied(object)
		}
		merge(stored.Object, object.DeepCopy().Object)
		c.store(stored)
		return nil
	})
	return object, err
}

func merge(into, from map[string]any) {
	for key, value := range from {
		below, isMap := value.(map[string]any)
		existing, wasMap := into[key].(map[string]any)
		if isMap && wasMap {
			merge(existing, below)
			continue
		}
		into[key] = value
	}
}

// store keeps an object under a new version, and lets the controllers act on it.
func (c *fakeCluster) store(object *cluster.Object) {
	c.version++
	object.SetResourceVersion(strconv.Itoa(c.version))
	ref := cluster.RefOf(object)
	c.objects[ref] = object
	switch ref.Kind {
	case "Deployment":
		c.runPods(object)
	case "StatefulSet":
		_ = unstructured.SetNestedField(object.Object, int64(replicas(object)), "status", "readyReplicas")
	case "Ingress", "Gateway", "HTTPRoute":
		c.open(object)
	}
}

// open is the controller of the ways in.
func (c *fakeCluster) open(object *cluster.Object) {
	var conditions []any
	for _, name := range []string{"Accepted", "ResolvedRefs", "Programmed"} {
		condition := map[string]any{"type": name, "status": "True"}
		if name == "ResolvedRefs" && c.uncertified != "" {
			condition = map[string]any{"type": name, "status": "False", "reason": "InvalidCertificateRef", "message": c.uncertified}
		}
		conditions = append(conditions, condition)
	}
	object.Object["status"] = map[string]any{
		"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": c.address[object.GetKind()]}}},
		"addresses":    []any{map[string]any{"value": c.address[object.GetKind()]}},
		"listeners":    []any{map[string]any{"conditions": conditions}},
		"parents":      []any{map[string]any{"conditions": conditions}},
	}
}

// runPods gives a Deployment the pods of its template, and ends all others of it.
func (c *fakeCluster) runPods(deployment *cluster.Object) {
	namespace, name := deployment.GetNamespace(), deployment.GetName()
	labels, _, _ := unstructured.NestedStringMap(deployment.Object, "spec", "template", "metadata", "labels")
	for ref := range c.objects {
		if ref.Kind == "Pod" && ref.Namespace == namespace && strings.HasPrefix(ref.Name, name+"-pod-") {
			delete(c.objects, ref)
		}
	}
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	image, _, _ := unstructured.NestedString(containers[0].(map[string]any), "image")
	isReady := !c.hanging[labels[render.VersionLabel]]
	for i := range replicas(deployment) {
		pod := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Pod",
			"spec": map[string]any{"containers": []any{map[string]any{"name": labels[render.AppLabel], "image": image}}},
			"status": map[string]any{
				"conditions": []any{map[string]any{"type": "Ready", "status": map[bool]string{true: "True", false: "False"}[isReady]}},
				"containerStatuses": []any{map[string]any{
					"name": labels[render.AppLabel], "imageID": image, "restartCount": int64(0)}},
			}}}
		pod.SetNamespace(namespace)
		pod.SetName(fmt.Sprintf("%s-pod-%d", name, i))
		pod.SetLabels(labels)
		c.objects[cluster.RefOf(pod)] = pod
	}
	readyReplicas := 0
	if isReady {
		readyReplicas = replicas(deployment)
	}
	_ = unstructured.SetNestedField(deployment.Object, int64(readyReplicas), "status", "readyReplicas")
}

func (c *fakeCluster) Patch(ctx context.Context, ref cluster.Ref, operations []cluster.Operation) (*cluster.Object, error) {
	return nil, c.change(ctx, "patch", ref, func() error {
		object := c.objects[ref]
		if object == nil {
			return notFound(ref)
		}
		patched := object.DeepCopy()
		for _, operation := range operations {
			path := strings.Split(strings.TrimPrefix(operation.Path, "/"), "/")
			for i := range path {
				path[i] = strings.ReplaceAll(path[i], "~1", "/")
			}
			value, found, _ := unstructured.NestedFieldNoCopy(patched.Object, path...)
			if !found || operation.Op == "test" && value != operation.Value {
				return fmt.Errorf("%w: %s", cluster.ErrPreconditionFailed, operation.Path)
			}
			if operation.Op == "replace" {
				_ = unstructured.SetNestedField(patched.Object, operation.Value, path...)
			}
		}
		c.store(patched)
		return nil
	})
}

func (c *fakeCluster) MergePatch(ctx context.Context, ref cluster.Ref, document any) (*cluster.Object, error) {
	return nil, c.change(ctx, "merge", ref, func() error {
		object := c.objects[ref]
		if object == nil {
			return notFound(ref)
		}
		change := document.(map[string]any)
		if wanted, found, _ := unstructured.NestedString(change, "metadata", "resourceVersion"); found && wanted != object.GetResourceVersion() {
			return fmt.Errorf("%w: resource version", cluster.ErrPreconditionFailed)
		}
		merge(object.Object, change)
		c.store(object)
		return nil
	})
}

func (c *fakeCluster) Delete(ctx context.Context, ref cluster.Ref) error {
	return c.change(ctx, "delete", ref, func() error {
		delete(c.objects, ref)
		if number, ok := strings.CutPrefix(ref.Name, "record-"); ok && ref.Kind == "Secret" {
			revision, _ := strconv.Atoi(number)
			delete(c.records, revision)
		}
		return nil
	})
}

func (c *fakeCluster) Scale(ctx context.Context, namespace, name string, count int) error {
	ref := cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: name}
	return c.change(ctx, "scale", ref, func() error {
		deployment := c.objects[ref]
		if deployment == nil {
			return notFound(ref)
		}
		_ = unstructured.SetNestedField(deployment.Object, int64(count), "spec", "replicas")
		c.store(deployment)
		return nil
	})
}

func (c *fakeCluster) WaitReady(ctx context.Context, namespace string, deployments []string, _ workload.Options) error {
	for _, name := range deployments {
		deployment, err := c.Get(ctx, cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: name})
		if err != nil {
			return err
		}
		count, _, _ := unstructured.NestedInt64(deployment.Object, "status", "readyReplicas")
		if int(count) != replicas(deployment) {
			return &workload.WaitError{Object: name, Reason: "CrashLoopBackOff", Message: "back-off restarting", Logs: "panic: no"}
		}
	}
	return nil
}

func (c *fakeCluster) WaitStatefulSetsReady(ctx context.Context, namespace string, names []string, _ workload.Options) error {
	for _, name := range names {
		if _, err := c.Get(ctx, cluster.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: namespace, Name: name}); err != nil {
			return err
		}
		if name == c.broken {
			return &workload.WaitError{Object: name, Reason: "CrashLoopBackOff", Message: "exit code 1", Logs: "the volume is empty"}
		}
	}
	return nil
}

func (c *fakeCluster) SaveRecord(ctx context.Context, namespace string, entry cluster.Entry) error {
	ref := cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: namespace, Name: fmt.Sprintf("record-%d", entry.Revision)}
	return c.change(ctx, "record", ref, func() error {
		c.records[entry.Revision] = entry
		return nil
	})
}

func (c *fakeCluster) Records(ctx context.Context, _ string) ([]cluster.Entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.alive(ctx); err != nil {
		return nil, err
	}
	return c.entries(), nil
}

func (c *fakeCluster) entries() []cluster.Entry {
	var entries []cluster.Entry
	for _, entry := range c.records {
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, func(a, b cluster.Entry) int { return b.Revision - a.Revision })
	return entries
}

// history reads the records without the rollout's own code, the newest first.
func (c *fakeCluster) history() []Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.recorded()
}

func (c *fakeCluster) recorded() []Record {
	var records []Record
	for _, entry := range c.entries() {
		var record Record
		if err := json.Unmarshal(entry.Data, &record); err != nil {
			panic(err)
		}
		records = append(records, record)
	}
	return records
}

// fakeLock is held until it is given back, or until the cluster is revived.
type fakeLock struct {
	cluster   *fakeCluster
	namespace string
	token     string
	ctx       context.Context
	lose      context.CancelCauseFunc
}

func (c *fakeCluster) Lock(ctx context.Context, namespace string, request cluster.LockRequest) (Lock, error) {
	held, lose := context.WithCancelCause(ctx)
	lock := &fakeLock{cluster: c, namespace: namespace, ctx: held, lose: lose}
	err := c.change(ctx, "lock", lock.ref(), func() error {
		if c.holder != nil {
			return &cluster.LockedError{Namespace: namespace, Holder: "somebody", Command: "deploy"}
		}
		lock.token = fmt.Sprintf("token-%d", c.version)
		c.holder = lock
		lease := &cluster.Object{Object: map[string]any{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
			"spec": map[string]any{"holderIdentity": request.Holder}}}
		lease.SetName(cluster.LockName)
		lease.SetNamespace(namespace)
		lease.SetAnnotations(map[string]string{lockToken: lock.token})
		c.store(lease)
		return nil
	})
	return lock, err
}

func (l *fakeLock) ref() cluster.Ref {
	return cluster.Ref{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: l.namespace, Name: cluster.LockName}
}

func (l *fakeLock) Token() string { return l.token }

func (l *fakeLock) Context() context.Context { return l.ctx }

func (l *fakeLock) Unlock(ctx context.Context) error {
	l.lose(context.Canceled)
	return l.cluster.change(ctx, "unlock", l.ref(), func() error {
		if l.cluster.holder != l {
			return cluster.ErrLockLost
		}
		l.cluster.holder = nil
		delete(l.cluster.objects, l.ref())
		return nil
	})
}
