package secrets_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/secrets"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

const namespace = "team-dashboard-prod"

var errKilled = errors.New("killed")

// memory is a cluster that keeps objects by reference and counts writes. It plays the Deployment controller, whose new
// pods read the Secrets as they are then, and the two stores, which know passwords of their own.
type memory struct {
	t       *testing.T
	objects map[cluster.Ref]*cluster.Object
	writes  int
	// killAt is the write at which the process dies; nothing that it does later reaches the cluster. Negative: never.
	killAt int
	dead   bool
	// pods are the values that each Deployment's pods have read.
	pods map[string]map[string]string
	// redis are the passwords that Redis takes; accounts those of PostgreSQL.
	redis    map[string]bool
	accounts map[string]string
	// refused is a value with which pods do not start.
	refused string
	// storage is the secret key that the storage of the backups takes.
	storage string
	locked  bool
	// waits are the Deployments that were waited for, together.
	waits [][]string
}

func newMemory(t *testing.T) *memory {
	return &memory{t: t, objects: map[cluster.Ref]*cluster.Object{}, killAt: -1, pods: map[string]map[string]string{},
		redis: map[string]bool{}, accounts: map[string]string{}}
}

func newStore(t *testing.T) (secrets.Store, *memory) { return newStoreOf(t, "production") }

func newStoreOf(t *testing.T, name string) (secrets.Store, *memory) {
	app := config.TeamDashboard()
	place, err := app.Place(name)
	require.NoError(t, err)
	m := newMemory(t)
	return secrets.Store{Cluster: m, Application: app, Environment: place, Progress: m, Clock: m}, m
}

// write notes a change, unless the process is dead or dies now.
func (m *memory) write() error {
	if m.dead || m.writes == m.killAt {
		m.dead = true
		return errKilled
	}
	m.writes++
	return nil
}

// check is what must hold at every moment: each pod has a password that its store takes.
func (m *memory) check() {
	for name, values := range m.pods {
		if password, ok := values["database-secrets/redis-password"]; ok && !m.redis[password] {
			m.t.Errorf("after write %d: Redis does not take the password of %s", m.writes, name)
		}
		if address, ok := values["database-secrets/postgres-url"]; ok {
			parsed, err := url.Parse(address)
			require.NoError(m.t, err)
			if password, _ := parsed.User.Password(); m.accounts[parsed.User.Username()] != password {
				m.t.Errorf("after write %d: PostgreSQL does not take the password of %s", m.writes, name)
			}
		}
	}
}

func (m *memory) Get(_ context.Context, ref cluster.Ref) (*cluster.Object, error) {
	if object, ok := m.objects[ref]; ok {
		return object.DeepCopy(), nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: ref.Kind}, ref.Name)
}

func (m *memory) List(_ context.Context, apiVersion, kind, namespace, selector string) ([]*cluster.Object, error) {
	chosen, err := labels.Parse(selector)
	if err != nil {
		return nil, err
	}
	var found []*cluster.Object
	for ref, object := range m.objects {
		if ref.Kind == kind && ref.APIVersion == apiVersion && ref.Namespace == namespace && chosen.Matches(labels.Set(object.GetLabels())) {
			found = append(found, object.DeepCopy())
		}
	}
	return found, nil
}

func (m *memory) Create(ctx context.Context, object *cluster.Object) (*cluster.Object, error) {
	return m.Apply(ctx, object, cluster.ApplyOptions{})
}

func (m *memory) Apply(_ context.Context, object *cluster.Object, _ cluster.ApplyOptions) (*cluster.Object, error) {
	if err := m.write(); err != nil {
		return nil, err
	}
	m.objects[cluster.RefOf(object)] = object.DeepCopy()
	return object, nil
}

func (m *memory) MergePatch(_ context.Context, ref cluster.Ref, document any) (*cluster.Object, error) {
	if err := m.write(); err != nil {
		return nil, err
	}
	object, ok := m.objects[ref]
	require.True(m.t, ok, "patching %s, which does not exist", ref)
	merge(object.Object, document.(map[string]any))
	if ref.Kind == "Deployment" {
		m.restart(object)
	}
	m.check()
	return object, nil
}

func merge(into, from map[string]any) {
	for key, value := range from {
		nested, ok := value.(map[string]any)
		if !ok {
			into[key] = value
			continue
		}
		if _, ok := into[key].(map[string]any); !ok {
			into[key] = map[string]any{}
		}
		merge(into[key].(map[string]any), nested)
	}
}

// restart gives a Deployment a pod that reads the Secrets now.
func (m *memory) restart(deployment *cluster.Object) {
	values := map[string]string{}
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	for _, variable := range containers[0].(map[string]any)["env"].([]any) {
		from := variable.(map[string]any)["valueFrom"].(map[string]any)["secretKeyRef"].(map[string]any)
		name, key := from["name"].(string), from["key"].(string)
		values[name+"/"+key] = m.value(name, key)
	}
	m.pods[deployment.GetName()] = values
	pod := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{
		"name": deployment.GetName() + "-1", "namespace": namespace, "labels": map[string]any{"app": deployment.GetName()}}}}
	annotations, _, _ := unstructured.NestedStringMap(deployment.Object, "spec", "template", "metadata", "annotations")
	pod.SetAnnotations(annotations)
	m.objects[cluster.RefOf(pod)] = pod
}

// value is what a Secret holds under a key; empty when there is none.
func (m *memory) value(secret, key string) string {
	object := m.objects[cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: namespace, Name: secret}]
	if object == nil {
		return ""
	}
	encoded, _, _ := unstructured.NestedString(object.Object, "data", key)
	text, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(m.t, err)
	return string(text)
}

func (m *memory) Delete(_ context.Context, ref cluster.Ref) error {
	if err := m.write(); err != nil {
		return err
	}
	delete(m.objects, ref)
	return nil
}

func (m *memory) WaitReady(_ context.Context, _ string, deployments []string, _ workload.Options) error {
	if m.dead {
		return errKilled
	}
	m.waits = append(m.waits, deployments)
	for _, name := range deployments {
		for _, value := range m.pods[name] {
			if m.refused != "" && value == m.refused {
				return &workload.WaitError{Object: name, Reason: "CrashLoopBackOff", Message: "it does not start"}
			}
		}
	}
	return nil
}

func (m *memory) EndJobs(context.Context, string, ...string) error { return nil }

// RunJob does to the stores what the scripts do.
func (m *memory) RunJob(_ context.Context, job *cluster.Object, options workload.JobOptions) (bool, error) {
	if err := m.write(); err != nil {
		return false, err
	}
	if job.GetName() == "rotation-repository" {
		return m.tryStorage(job, options.Output), nil
	}
	containers, _, _ := unstructured.NestedSlice(job.Object, "spec", "template", "spec", "containers")
	container := containers[0].(map[string]any)
	env := map[string]string{}
	for _, raw := range container["env"].([]any) {
		variable := raw.(map[string]any)
		from := variable["valueFrom"].(map[string]any)["secretKeyRef"].(map[string]any)
		env[variable["name"].(string)] = m.value(from["name"].(string), from["key"].(string))
	}
	command := container["command"].([]any)
	target := env["NEW_PASSWORD"]
	if command[6] == "old" {
		target = env["OLD_PASSWORD"]
	}
	ok := false
	switch what := command[5].(string); {
	case container["image"] == "redis@sha256:1":
		ok = m.redis[env["OLD_PASSWORD"]] || m.redis[env["NEW_PASSWORD"]]
		if what == "forget" {
			m.redis = map[string]bool{}
		}
		m.redis[target] = true
	case what == "admit":
		ok = m.accounts[env["ROLE"]] == env["OLD_PASSWORD"]
		m.accounts[env["INTERIM_ROLE"]] = env["INTERIM_PASSWORD"]
	case what == "change":
		ok = m.accounts[env["INTERIM_ROLE"]] == env["INTERIM_PASSWORD"]
		m.accounts[env["ROLE"]] = target
	case what == "forget":
		ok = m.accounts[env["ROLE"]] == target
		delete(m.accounts, env["INTERIM_ROLE"])
	}
	if !ok {
		_, _ = io.WriteString(options.Output, "the store refuses the login")
	}
	m.check()
	return ok, nil
}

// tryStorage does what the Job with the new keys does.
func (m *memory) tryStorage(job *cluster.Object, output io.Writer) bool {
	volumes, _, _ := unstructured.NestedSlice(job.Object, "spec", "template", "spec", "volumes")
	require.Equal(m.t, map[string]any{"name": "data", "emptyDir": map[string]any{}}, volumes[1], "the database is left alone")
	pod, _, _ := unstructured.NestedMap(job.Object, "spec", "template", "spec")
	require.NotContains(m.t, pod, "affinity", "without the database, any node will do")
	command := pod["containers"].([]any)[0].(map[string]any)["command"].([]any)
	require.Contains(m.t, command[len(command)-1], "repo-ls")
	sources, _, _ := unstructured.NestedSlice(volumes[0].(map[string]any), "projected", "sources")
	files := map[string]string{}
	for _, source := range sources {
		secret := source.(map[string]any)["secret"].(map[string]any)
		for _, item := range secret["items"].([]any) {
			item := item.(map[string]any)
			files[item["path"].(string)] = m.value(secret["name"].(string), item["key"].(string))
		}
	}
	require.NotEmpty(m.t, files["CIPHER_PASS"])
	if files["S3_KEY_SECRET"] == m.storage {
		return true
	}
	_, _ = io.WriteString(output, "P00  ERROR: [039]: HTTP request failed with 403 (Forbidden):\n<key>"+files["S3_KEY_SECRET"]+"</key>")
	return false
}

type held struct {
	m   *memory
	ctx context.Context
}

func (m *memory) Lock(ctx context.Context, namespace string, request lock.Request) (lock.Hold, error) {
	if m.locked {
		return nil, &lock.HeldError{Namespace: namespace, Holder: "ada", Command: "deploy --env production"}
	}
	m.locked = true
	return held{m, ctx}, nil
}

func (l held) Context() context.Context      { return l.ctx }
func (l held) Release(context.Context) error { l.m.locked = false; return nil }

func (m *memory) Phase(ctx context.Context, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}
func (m *memory) Info(_ context.Context, format string, arguments ...any) {
	m.t.Logf(format, arguments...)
}
func (m *memory) Now() time.Time { return time.Date(2026, 11, 23, 12, 0, m.writes, 0, time.UTC) }
func (m *memory) Sleep(context.Context, time.Duration) error {
	return errors.New("nothing to wait for")
}

// revive starts the next process: the lock of the dead one has run out.
func (m *memory) revive() { m.dead, m.killAt, m.locked = false, -1, false }

// deployed fills the cluster with an environment that runs: secrets, stores, and what reads them.
func deployed(t *testing.T) (secrets.Store, *memory) {
	store, m := newStore(t)
	_, err := store.Create(context.Background(), envFile(nil), secrets.CreateOptions{Generate: true})
	require.NoError(t, err)
	m.redis[m.value("database-secrets", "redis-password")] = true
	m.accounts["app"] = "k3JvQ9xT1mZ"
	m.workload("StatefulSet", "redis", 1, "database-secrets/redis-password", "secrets-rotation/database-secrets.redis-password.NEW_PASSWORD")
	m.workload("StatefulSet", "postgres", 1, "database-secrets/postgres-url")
	m.workload("Deployment", "agent-manager-blue", 2, "database-secrets/redis-password", "database-secrets/postgres-url", "agent-manager-secrets/JWT_SECRET")
	m.workload("Deployment", "dashboard-blue", 3, "database-secrets/redis-password", "dashboard-secrets/NEXTAUTH_SECRET")
	m.workload("Deployment", "dashboard-green", 0, "database-secrets/redis-password", "dashboard-secrets/NEXTAUTH_SECRET")
	m.workload("Deployment", "openai-service-blue", 2, "openai-service-secrets/openai-api-key")
	m.check()
	m.writes = 0
	return store, m
}

func (m *memory) workload(kind, name string, replicas int64, keys ...string) {
	var env []any
	for _, key := range keys {
		secret, key, _ := strings.Cut(key, "/")
		env = append(env, map[string]any{"name": "V", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": secret, "key": key}}})
	}
	object := &cluster.Object{Object: map[string]any{"apiVersion": "apps/v1", "kind": kind,
		"metadata": map[string]any{"name": name, "namespace": namespace},
		"spec": map[string]any{"replicas": replicas, "selector": map[string]any{"matchLabels": map[string]any{"app": name}},
			"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": name, "image": name + "@sha256:1", "env": env}}}}}}}
	m.objects[cluster.RefOf(object)] = object
	if kind == "Deployment" && replicas > 0 {
		m.restart(object)
	}
}

// withBackups has the backups, and PostgreSQL's archiving, read the keys of the storage from files.
func (m *memory) withBackups() {
	items := []any{}
	for path, key := range map[string]string{"CIPHER_PASS": "repository-cipher-pass", "S3_KEY": "s3-access-key", "S3_KEY_SECRET": "s3-secret-key"} {
		items = append(items, map[string]any{"key": key, "path": path})
	}
	volumes := []any{map[string]any{"name": "repository-keys", "secret": map[string]any{"secretName": "backup-secrets", "items": items}}}
	set := m.objects[cluster.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: namespace, Name: "postgres"}]
	require.NoError(m.t, unstructured.SetNestedSlice(set.Object, volumes, "spec", "template", "spec", "volumes"))
	backups := &cluster.Object{Object: map[string]any{"apiVersion": "batch/v1", "kind": "CronJob",
		"metadata": map[string]any{"name": "postgres-backup-full", "namespace": namespace},
		"spec": map[string]any{"schedule": "@weekly", "jobTemplate": map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"affinity":   map[string]any{"podAffinity": map[string]any{}},
			"volumes":    append(volumes, map[string]any{"name": "data", "persistentVolumeClaim": map[string]any{"claimName": "data-postgres-0"}}),
			"containers": []any{map[string]any{"name": "backup", "image": "postgres@sha256:1"}}}}}}}}}
	m.objects[cluster.RefOf(backups)] = backups
}
