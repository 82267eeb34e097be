package backup

import (
	"context"
	"fmt"
	"io"
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
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// lab is a cluster that may have a database, whose Jobs do what the scripts do.
type lab struct {
	*clustertest.Server
	t *testing.T
	// client is the process that types the next command.
	client *clustertest.Client
	// volume is what lies on the volume of the live database; password says whether it is today's.
	volume   string
	password bool
	// refused counts restores that found the server at work on the volume.
	refused int
	// away is what the repository says when it cannot be reached.
	away string
	// made is what the Job of a backup prints before the list, and its exit code.
	made clustertest.Ran
	// listed is the list that the Jobs print.
	listed string
}

// inLab runs a test on a clock of its own.
func inLab(t *testing.T, set func(t *testing.T) *lab, test func(t *testing.T, l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, set(t)) })
}

// empty is a lab where no database is, or is left.
func empty(t *testing.T) *lab {
	l := &lab{Server: clustertest.NewServer(production.Namespace), t: t, listed: output}
	l.Server.RunJob, l.client = l.run, l.NewClient()
	return l
}

// running is a lab with a live database that is well.
func running(t *testing.T) *lab {
	l := empty(t)
	layer, err := manifests(t.Context())
	require.NoError(t, err)
	for _, object := range layer {
		l.Put(object)
	}
	l.Put(claim("data-postgres-0", ""))
	l.volume, l.password = "live", true
	l.unlock()
	return l
}

// unlock leaves the lock as a run does that came to its end.
func (l *lab) unlock() {
	held, err := lock.Acquire(l.t.Context(), l.client.Cluster(), production.Namespace, lock.Request{Holder: "ada", Command: "deploy"})
	require.NoError(l.t, err)
	require.NoError(l.t, held.Release(l.t.Context()))
}

func claim(name, mark string) *cluster.Object {
	made := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim"}}
	made.SetName(name)
	made.SetNamespace(production.Namespace)
	if mark != "" {
		made.SetAnnotations(map[string]string{RestoreMark: mark, RestoreBegan: "2026-11-23T12:00:00Z"})
	}
	return made
}

// again is a copy of the lab, for a new process.
func (l *lab) again() *lab {
	copied := *l
	copied.Server = l.Clone()
	copied.Server.RunJob, copied.client = copied.run, copied.NewClient()
	return &copied
}

// next is a new process in the same lab: the lock of the one before runs out by itself.
func (l *lab) next() { l.client = l.NewClient() }

// rendered is the data layer of production.
var rendered = sync.OnceValues(func() ([]*cluster.Object, error) {
	return render.Layer(context.Background(), render.Options{Dir: "../../k8s", Application: config.TeamDashboard(), Environment: production, Layer: render.Data})
})

func manifests(context.Context) ([]*cluster.Object, error) {
	layer, err := rendered()
	copies := make([]*cluster.Object, len(layer))
	for i, object := range layer {
		copies[i] = object.DeepCopy()
	}
	return copies, err
}

var production, _ = config.TeamDashboard().Environment("production")

func (l *lab) database() Database {
	return Database{Application: config.TeamDashboard(), Environment: production, Cluster: l.client.Cluster(), Manifests: manifests, Output: io.Discard,
		Holder: "ada", Timeout: time.Minute}
}

func (l *lab) restore(request Request) error {
	_, err := l.database().Restore(l.t.Context(), request)
	return err
}

// stopped says whether the pod of the live database is gone.
func (l *lab) stopped() bool { return l.Get(podRef()) == nil }

func podRef() cluster.Ref {
	return cluster.Ref{APIVersion: "v1", Kind: "Pod", Namespace: production.Namespace, Name: "postgres-0"}
}

// run does what the scripts do, and prints what they print. The server is locked meanwhile.
func (l *lab) run(job *cluster.Object) clustertest.Ran {
	stopped := l.Peek().Get(podRef()) == nil
	containers, _, _ := unstructured.NestedSlice(job.Object, "spec", "template", "spec", "containers")
	command := containers[0].(map[string]any)["command"].([]any)
	listed := l.listed
	if l.away != "" {
		listed = fmt.Sprintf(`{"stanzas":[{"status":{"code":99,"message":"other"},"repo":[{"status":{"code":99,"message":%q}}]}],"archived":{},"running":true}`, l.away)
	}
	switch script := command[1].(string) + " " + command[2].(string); script {
	case "/etc/postgresql/backup.sh list", "/etc/postgresql/backup.sh archive":
		return clustertest.Ran{Log: listed}
	case "/etc/postgresql/backup.sh password":
		assert.False(l.t, stopped, "the server does not run")
		l.password = true
		return clustertest.Ran{Log: listed}
	case "/etc/postgresql/backup.sh full", "/etc/postgresql/backup.sh diff", "/etc/postgresql/backup.sh incr":
		return clustertest.Ran{Log: l.made.Log + listed, ExitCode: l.made.ExitCode}
	default:
		if !stopped { // restore.sh takes the lock that the server holds
			l.refused++
			return clustertest.Ran{Log: "postgres: another pod works on this volume", ExitCode: 1}
		}
		l.volume, l.password = script, false
		return clustertest.Ran{}
	}
}

// finished asserts that a restore over the live database has come to its end.
func (l *lab) finished(volume string) {
	l.t.Helper()
	assert.Equal(l.t, volume, l.volume)
	assert.True(l.t, l.password, "the password is that of the backup")
	assert.False(l.t, l.stopped(), "the server does not run")
	assert.Nil(l.t, l.Get(cluster.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: production.Namespace, Name: "postgres-restored"}), "it was restored beside")
	_, err := Finished(l.t.Context(), l.NewClient().Cluster(), production)
	assert.NoError(l.t, err)
}
