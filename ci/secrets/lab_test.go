package secrets_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/secrets"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

const namespace = "team-dashboard-prod"

// lab is a cluster whose pods read the Secrets when they start, with two stores that know passwords of their own.
type lab struct {
	*clustertest.Server
	t *testing.T
	// client is the process that types the next command.
	client *clustertest.Client
	// environment is production, unless the test is about another one.
	environment string
	// pods are the values that each pod has read.
	pods map[string]map[string]string
	// redis are the passwords that Redis takes; accounts those of PostgreSQL.
	redis    map[string]bool
	accounts map[string]string
	// refused is a PostgreSQL URL with which pods do not get ready.
	refused string
	// hanging are the Deployments whose new pods do not get ready.
	hanging map[string]bool
	// storage is the secret key that the storage of the backups takes.
	storage string
}

func newLab(t *testing.T, environment string) *lab {
	l := &lab{Server: clustertest.NewServer(), t: t, environment: environment, pods: map[string]map[string]string{},
		redis: map[string]bool{}, accounts: map[string]string{}, hanging: map[string]bool{}}
	l.start()
	return l
}

// start connects a process, and whatever plays along in the cluster.
func (l *lab) start() {
	l.client = l.NewClient()
	l.RunJob, l.After = l.runJob, func(done clustertest.Write) { l.observe(done.String()) }
	l.Hanging = func(labels map[string]string) bool {
		deployment := l.Peek().Get(ref("apps/v1", "Deployment", labels["app"]))
		if deployment == nil {
			return false
		}
		url, reads := l.valuesOf(deployment, "spec", "template", "spec", "containers")["database-secrets/postgres-url"]
		return l.hanging[labels["app"]] || reads && l.refused != "" && url == l.refused
	}
}

// again is a copy of the lab, for a new process.
func (l *lab) again() *lab {
	copied := *l
	copied.Server = l.Clone()
	copied.pods, copied.redis, copied.accounts = clone(l.pods), clone(l.redis), clone(l.accounts)
	copied.start()
	return &copied
}

func clone[V any](m map[string]V) map[string]V {
	copied := map[string]V{}
	for key, value := range m {
		copied[key] = value
	}
	return copied
}

// next is a new process in the same lab: the lock of the one before runs out by itself.
func (l *lab) next() { l.client = l.NewClient() }

func (l *lab) store() secrets.Store {
	app := config.TeamDashboard()
	place, err := app.Place(l.environment)
	require.NoError(l.t, err)
	return secrets.Store{Cluster: l.client.Cluster(), Application: app, Environment: place, Progress: l}
}

func (l *lab) rotate(options secrets.RotateOptions) error {
	_, err := l.store().Rotate(l.t.Context(), options)
	return err
}

// Phase and Info are the progress of a rotation, which nobody looks at.
func (l *lab) Phase(ctx context.Context, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (l *lab) Info(context.Context, string, ...any) {}

func ref(apiVersion, kind, name string) cluster.Ref {
	return cluster.Ref{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name}
}

// observe lets new pods read the Secrets, and asserts what must hold at every moment: each pod has a password that its store
// takes. The server is locked meanwhile.
func (l *lab) observe(event string) {
	there := map[string]bool{}
	for _, pod := range l.Peek().List("v1", "Pod", namespace, nil) {
		there[pod.GetName()] = true
		if l.pods[pod.GetName()] == nil {
			l.pods[pod.GetName()] = l.valuesOf(pod, "spec", "containers")
		}
	}
	for name := range l.pods {
		if !there[name] {
			delete(l.pods, name)
		}
	}
	l.check(event)
}

func (l *lab) check(event string) {
	for name, values := range l.pods {
		if isStores(name) {
			continue
		}
		if password, ok := values["database-secrets/redis-password"]; ok {
			assert.True(l.t, l.redis[password], "%s: Redis does not take the password of %s", event, name)
		}
		if address, ok := values["database-secrets/postgres-url"]; ok {
			parsed, err := url.Parse(address)
			require.NoError(l.t, err)
			password, _ := parsed.User.Password()
			assert.Equal(l.t, l.accounts[parsed.User.Username()], password, "%s: PostgreSQL does not take the password of %s", event, name)
		}
	}
}

// isStores says whether a pod is of a store, or of a Job that talks to one.
func isStores(pod string) bool {
	return strings.HasPrefix(pod, "redis") || strings.HasPrefix(pod, "postgres") || strings.HasPrefix(pod, "rotation")
}

// valuesOf are what an object's containers read from Secrets, as they are now.
func (l *lab) valuesOf(object *cluster.Object, path ...string) map[string]string {
	values := map[string]string{}
	containers, _, _ := unstructured.NestedSlice(object.Object, path...)
	for _, container := range containers {
		env, _ := container.(map[string]any)["env"].([]any)
		for _, variable := range env {
			from := variable.(map[string]any)["valueFrom"].(map[string]any)["secretKeyRef"].(map[string]any)
			name, key := from["name"].(string), from["key"].(string)
			values[name+"/"+key] = l.valueIn(l.Peek().Get(ref("v1", "Secret", name)), key)
		}
	}
	return values
}

// value is what a Secret holds under a key; empty when there is none.
func (l *lab) value(secret, key string) string {
	return l.valueIn(l.Get(ref("v1", "Secret", secret)), key)
}

func (l *lab) valueIn(secret *cluster.Object, key string) string {
	if secret == nil {
		return ""
	}
	encoded, _, _ := unstructured.NestedString(secret.Object, "data", key)
	text, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(l.t, err)
	return string(text)
}

// runJob does to the stores what the scripts do. The server is locked meanwhile.
func (l *lab) runJob(job *cluster.Object) clustertest.Ran {
	if job.GetLabels()[workload.JobLabel] == "rotation-repository" {
		return l.tryStorage(job)
	}
	containers, _, _ := unstructured.NestedSlice(job.Object, "spec", "template", "spec", "containers")
	container := containers[0].(map[string]any)
	env := map[string]string{}
	for _, raw := range container["env"].([]any) {
		variable := raw.(map[string]any)
		from := variable["valueFrom"].(map[string]any)["secretKeyRef"].(map[string]any)
		value := l.valueIn(l.Peek().Get(ref("v1", "Secret", from["name"].(string))), from["key"].(string))
		if value == "" { // its container cannot be made
			return clustertest.Ran{ExitCode: 1}
		}
		env[variable["name"].(string)] = value
	}
	command := container["command"].([]any)
	target := env["NEW_PASSWORD"]
	if command[6] == "old" {
		target = env["OLD_PASSWORD"]
	}
	ok := false
	switch what := command[5].(string); {
	case container["image"] == "redis@sha256:1":
		ok = l.redis[env["OLD_PASSWORD"]] || l.redis[env["NEW_PASSWORD"]]
		if what == "forget" {
			l.redis = map[string]bool{}
		}
		l.redis[target] = true
	case what == "admit":
		ok = l.accounts[env["ROLE"]] == env["OLD_PASSWORD"]
		l.accounts[env["INTERIM_ROLE"]] = env["INTERIM_PASSWORD"]
	case what == "change":
		ok = l.accounts[env["INTERIM_ROLE"]] == env["INTERIM_PASSWORD"]
		l.accounts[env["ROLE"]] = target
	case what == "forget":
		ok = l.accounts[env["ROLE"]] == target
		delete(l.accounts, env["INTERIM_ROLE"])
	}
	if !ok {
		return clustertest.Ran{Log: "the store refuses the login", ExitCode: 1}
	}
	return clustertest.Ran{}
}

// tryStorage does what the Job with the new keys does.
func (l *lab) tryStorage(job *cluster.Object) clustertest.Ran {
	volumes, _, _ := unstructured.NestedSlice(job.Object, "spec", "template", "spec", "volumes")
	assert.Equal(l.t, map[string]any{"name": "data", "emptyDir": map[string]any{}}, volumes[1], "the database is left alone")
	pod, _, _ := unstructured.NestedMap(job.Object, "spec", "template", "spec")
	assert.NotContains(l.t, pod, "affinity", "without the database, any node will do")
	command := pod["containers"].([]any)[0].(map[string]any)["command"].([]any)
	assert.Contains(l.t, command[len(command)-1], "repo-ls")
	sources, _, _ := unstructured.NestedSlice(volumes[0].(map[string]any), "projected", "sources")
	files := map[string]string{}
	for _, source := range sources {
		secret := source.(map[string]any)["secret"].(map[string]any)
		for _, item := range secret["items"].([]any) {
			item := item.(map[string]any)
			files[item["path"].(string)] = l.valueIn(l.Peek().Get(ref("v1", "Secret", secret["name"].(string))), item["key"].(string))
		}
	}
	assert.NotEmpty(l.t, files["CIPHER_PASS"])
	if files["S3_KEY_SECRET"] == l.storage {
		return clustertest.Ran{}
	}
	return clustertest.Ran{Log: "P00  ERROR: [039]: HTTP request failed with 403 (Forbidden):\n<key>" + files["S3_KEY_SECRET"] + "</key>", ExitCode: 1}
}

// inLab runs a test in an environment that runs (secrets, stores, and what reads them), on a clock of its own.
func inLab(t *testing.T, test func(t *testing.T, l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, deployed(t)) })
}

func deployed(t *testing.T) *lab {
	l := newLab(t, "production")
	_, err := l.store().Create(t.Context(), envFile(nil), secrets.CreateOptions{Generate: true})
	require.NoError(t, err)
	l.redis[l.value("database-secrets", "redis-password")] = true
	l.accounts["app"] = "k3JvQ9xT1mZ"
	l.workload("StatefulSet", "redis", 1, "database-secrets/redis-password", "secrets-rotation/database-secrets.redis-password.NEW_PASSWORD")
	l.workload("StatefulSet", "postgres", 1, "database-secrets/postgres-url")
	l.workload("Deployment", "agent-manager-blue", 2, "database-secrets/redis-password", "database-secrets/postgres-url", "agent-manager-secrets/JWT_SECRET")
	l.workload("Deployment", "dashboard-blue", 3, "database-secrets/redis-password", "dashboard-secrets/NEXTAUTH_SECRET")
	l.workload("Deployment", "dashboard-green", 0, "database-secrets/redis-password", "dashboard-secrets/NEXTAUTH_SECRET")
	l.workload("Deployment", "openai-service-blue", 2, "openai-service-secrets/openai-api-key")
	// The lock is left as a run does that came to its end.
	held, err := lock.Acquire(t.Context(), l.client.Cluster(), namespace, lock.Request{Holder: "ada", Command: "deploy"})
	require.NoError(t, err)
	require.NoError(t, held.Release(t.Context()))
	return l
}

func (l *lab) workload(kind, name string, replicas int64, keys ...string) {
	service, _, _ := strings.Cut(name, "-blue")
	service, _, _ = strings.Cut(service, "-green")
	var env []any
	for _, key := range keys {
		secret, key, _ := strings.Cut(key, "/")
		env = append(env, map[string]any{"name": "V", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": secret, "key": key}}})
	}
	l.Put(&cluster.Object{Object: map[string]any{"apiVersion": "apps/v1", "kind": kind,
		"metadata": map[string]any{"name": name, "namespace": namespace, "labels": map[string]any{"app": service}},
		"spec": map[string]any{"replicas": replicas, "selector": map[string]any{"matchLabels": map[string]any{"app": name}},
			"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{"app": name}},
				"spec": map[string]any{"containers": []any{map[string]any{"name": name, "image": name + "@sha256:1", "env": env}}}}}}})
	l.observe("started " + name)
}

// evict replaces the pods of a Deployment, as a node that is drained does.
func (l *lab) evict(deployment string) {
	for _, pod := range l.List("v1", "Pod", namespace, map[string]string{"app": deployment}) {
		l.Remove(cluster.RefOf(pod))
		pod.SetName(pod.GetName() + "-again")
		l.Put(pod)
	}
	l.observe("evicted " + deployment)
}

// withBackups has the backups, and PostgreSQL's archiving, read the keys of the storage from files.
func (l *lab) withBackups() {
	items := []any{}
	for path, key := range map[string]string{"CIPHER_PASS": "repository-cipher-pass", "S3_KEY": "s3-access-key", "S3_KEY_SECRET": "s3-secret-key"} {
		items = append(items, map[string]any{"key": key, "path": path})
	}
	volumes := []any{map[string]any{"name": "repository-keys", "secret": map[string]any{"secretName": "backup-secrets", "items": items}}}
	set := l.Get(ref("apps/v1", "StatefulSet", "postgres"))
	require.NoError(l.t, unstructured.SetNestedSlice(set.Object, volumes, "spec", "template", "spec", "volumes"))
	l.Put(set)
	backups := &cluster.Object{Object: map[string]any{"apiVersion": "batch/v1", "kind": "CronJob",
		"metadata": map[string]any{"name": "postgres-backup-full", "namespace": namespace},
		"spec": map[string]any{"schedule": "@weekly", "jobTemplate": map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"affinity":   map[string]any{"podAffinity": map[string]any{}},
			"volumes":    append(volumes, map[string]any{"name": "data", "persistentVolumeClaim": map[string]any{"claimName": "data-postgres-0"}}),
			"containers": []any{map[string]any{"name": "backup", "image": "postgres@sha256:1"}}}}}}}}}
	l.Put(backups)
}

// eachWrite runs something again and again, with a fault at one write after the other, by strides.
func (l *lab) eachWrite(stride int, fault func(l *lab, w clustertest.Write) clustertest.Fault, what func(l *lab)) {
	l.t.Helper()
	for n, met := 0, true; met; n += stride {
		broken := l.again()
		met = false
		broken.client.Fault = func(at int, w clustertest.Write) clustertest.Fault {
			if at != n {
				return clustertest.None
			}
			met = true
			return fault(broken, w)
		}
		what(broken)
		if l.t.Failed() || !met {
			require.Greater(l.t, n, 20, "there are more writes than this")
			return
		}
	}
}

func always(fault clustertest.Fault) func(*lab, clustertest.Write) clustertest.Fault {
	return func(*lab, clustertest.Write) clustertest.Fault { return fault }
}

// pass lets the lock of a dead process run out.
func pass() { time.Sleep(time.Minute) }
