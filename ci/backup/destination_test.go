package backup

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// objects is a cluster that can be read, and nothing else: what writes fails the test by a nil call.
type objects struct {
	Cluster
	all map[string]*cluster.Object
}

func (o objects) Get(_ context.Context, ref cluster.Ref) (*cluster.Object, error) {
	if found := o.all[ref.Kind+"/"+ref.Name]; found != nil {
		return found, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: ref.Kind}, ref.Name)
}

func object(mark string) *cluster.Object {
	made := &cluster.Object{Object: map[string]any{}}
	if mark != "" {
		made.SetAnnotations(map[string]string{RestoreMark: mark})
	}
	return made
}

// Where a restore goes, and what it refuses before it touches anything.
func TestDestination(t *testing.T) {
	live := map[string]*cluster.Object{"StatefulSet/postgres": object(""), "PersistentVolumeClaim/data-postgres-0": object("")}
	with := func(more map[string]*cluster.Object) map[string]*cluster.Object {
		all := map[string]*cluster.Object{}
		for _, part := range []map[string]*cluster.Object{live, more} {
			for name, object := range part {
				all[name] = object
			}
		}
		return all
	}
	for name, test := range map[string]struct {
		objects map[string]*cluster.Object
		request Request
		into    string
		says    string
	}{
		"beside, by its default name":     {live, Request{}, "postgres-restored", ""},
		"beside, by a name":               {live, Request{Into: "june"}, "postgres-june", ""},
		"over the live one":               {live, Request{Force: true}, "postgres", ""},
		"where there is none":             {nil, Request{}, "postgres", ""},
		"beside where there is none":      {nil, Request{Into: "june"}, "", "no database to restore beside"},
		"a name that is none":             {live, Request{Into: "No Name"}, "", "not a name"},
		"a name that is taken":            {with(map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-june-0": object("")}), Request{Into: "june"}, "", "the name is taken"},
		"a server without a volume":       {with(map[string]*cluster.Object{"StatefulSet/postgres-june": object("")}), Request{Into: "june"}, "", "the name is taken"},
		"what a kill left":                {with(map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-june-0": object("restore --env production --latest --into june")}), Request{Into: "june"}, "postgres-june", ""},
		"what another restore left":       {with(map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-june-0": object("restore --env production --to-time 2026-11-23T10:00:00Z --into june")}), Request{Into: "june"}, "", "finish it: dagger call restore --env production --to-time 2026-11-23T10:00:00Z --into june"},
		"a volume without its server":     {map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-0": object("")}, Request{}, "", "give --force to overwrite it"},
		"its own, after a kill, in place": {map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-0": object("restore --env production --latest")}, Request{}, "postgres", ""},
		"the same, its server was made":   {with(map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-0": object("restore --env production --latest")}), Request{}, "postgres", ""},
		"beside one over the live one":    {with(map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-0": object("restore --env production --latest --force")}), Request{}, "postgres-restored", ""},
		"over one over the live one":      {with(map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-0": object("restore --env production --to-time 2026-11-23T10:00:00Z --force")}), Request{Force: true}, "postgres", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := database(t)
			d.Cluster = objects{all: test.objects}
			test.request.Target = Target{Latest: true}
			got, err := d.destination(t.Context(), test.request)
			if test.says != "" {
				assert.ErrorContains(t, err, test.says)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.into, got.name)
			assert.Equal(t, test.into == "postgres", got.live)
		})
	}
	_, err := database(t).Restore(t.Context(), Request{Into: "june", Force: true})
	assert.ErrorContains(t, err, "--into and --force: give one of the two")
}
