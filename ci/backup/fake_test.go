package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

var errKilled = errors.New("killed")

// lab is a cluster with a database: it plays the StatefulSet controller and what the scripts of the Jobs do.
type lab struct {
	objects
	t *testing.T
	// writes counts what was changed; at killAt the process dies before the change, and with late after it.
	writes, killAt int
	late, dead     bool
	// volume is what lies on the volume of the live database; password says whether it is today's.
	volume   string
	password bool
	// away is what the repository says when it cannot be reached.
	away string
}

func newLab(t *testing.T) *lab {
	l := &lab{objects: objects{all: map[string]*cluster.Object{}}, t: t, killAt: -1}
	layer, err := l.manifests(t.Context())
	require.NoError(t, err)
	for _, object := range layer {
		l.all[object.GetKind()+"/"+object.GetName()] = object
	}
	return l
}

// running is a lab with a live database that is well.
func running(t *testing.T) *lab {
	l := newLab(t)
	l.volume, l.password = "live", true
	l.all["PersistentVolumeClaim/data-postgres-0"] = &cluster.Object{Object: map[string]any{}}
	l.control(l.all["StatefulSet/postgres"])
	return l
}

// rendered is the data layer of production.
var rendered = sync.OnceValues(func() ([]*cluster.Object, error) {
	app := config.TeamDashboard()
	environment, _ := app.Environment("production")
	return render.Layer(context.Background(), render.Options{Dir: "../../k8s", Application: app, Environment: environment, Layer: render.Data})
})

func (l *lab) manifests(context.Context) ([]*cluster.Object, error) {
	layer, err := rendered()
	copies := make([]*cluster.Object, len(layer))
	for i, object := range layer {
		copies[i] = object.DeepCopy()
	}
	return copies, err
}

// change does something unless the process is dead, or dies over it.
func (l *lab) change(do func()) error {
	if l.dead {
		return errKilled
	}
	l.dead = l.writes == l.killAt
	l.writes++
	if !l.dead || l.late {
		do()
	}
	if l.dead {
		return errKilled
	}
	return nil
}

// control lets a StatefulSet have as many pods as it says.
func (l *lab) control(set *cluster.Object) {
	count, _, _ := unstructured.NestedInt64(set.Object, "spec", "replicas")
	_ = unstructured.SetNestedField(set.Object, count, "status", "readyReplicas")
	delete(l.all, "Pod/"+set.GetName()+"-0")
	if count > 0 {
		l.all["Pod/"+set.GetName()+"-0"] = &cluster.Object{Object: map[string]any{}}
	}
}

func (l *lab) Apply(_ context.Context, object *cluster.Object, _ cluster.ApplyOptions) (*cluster.Object, error) {
	return object, l.change(func() {
		l.all[object.GetKind()+"/"+object.GetName()] = object
		if object.GetKind() == "StatefulSet" {
			l.control(object)
		}
	})
}

func (l *lab) MergePatch(_ context.Context, ref cluster.Ref, document any) (*cluster.Object, error) {
	object := l.all[ref.Kind+"/"+ref.Name]
	require.NotNil(l.t, object, "%s", ref)
	return object, l.change(func() {
		patch := document.(map[string]any)
		if spec, ok := patch["spec"].(map[string]any); ok {
			_ = unstructured.SetNestedField(object.Object, int64(spec["replicas"].(int)), "spec", "replicas")
			l.control(object)
			return
		}
		marks := object.GetAnnotations()
		if marks == nil {
			marks = map[string]string{}
		}
		for key, value := range patch["metadata"].(map[string]any)["annotations"].(map[string]any) {
			delete(marks, key)
			if text, ok := value.(string); ok {
				marks[key] = text
			}
		}
		object.SetAnnotations(marks)
	})
}

// RunJob does what the scripts do, and prints what they print.
func (l *lab) RunJob(_ context.Context, job *cluster.Object, options workload.JobOptions) (bool, error) {
	containers, _, _ := unstructured.NestedSlice(job.Object, "spec", "template", "spec", "containers")
	command := containers[0].(map[string]any)["command"].([]any)
	last := output
	if l.away != "" {
		last = fmt.Sprintf(`{"stanzas":[{"status":{"code":99,"message":"other"},"repo":[{"status":{"code":99,"message":%q}}]}],"archived":{},"running":true}`, l.away)
	}
	switch script := command[1].(string) + " " + command[2].(string); script {
	case "/etc/postgresql/backup.sh list", "/etc/postgresql/backup.sh archive":
		_, err := io.WriteString(options.Output, last)
		return err == nil, errors.Join(err, l.change(func() {}))
	case "/etc/postgresql/backup.sh password":
		require.NotNil(l.t, l.all["Pod/postgres-0"], "the server does not run")
		_, err := io.WriteString(options.Output, last)
		return err == nil, errors.Join(err, l.change(func() { l.password = true }))
	default:
		require.Nil(l.t, l.all["Pod/postgres-0"], "two work on the volume")
		return true, l.change(func() { l.volume, l.password = script, false })
	}
}

func (l *lab) EndJobs(context.Context, string, ...string) error { return nil }

func (l *lab) Logs(context.Context, string, string, cluster.LogOptions) (string, error) {
	return "", nil
}

func (l *lab) Lock(ctx context.Context, _ string, _ lock.Request) (lock.Hold, error) {
	return held{ctx}, nil
}

type held struct{ ctx context.Context }

func (l held) Context() context.Context      { return l.ctx }
func (l held) Release(context.Context) error { return nil }
