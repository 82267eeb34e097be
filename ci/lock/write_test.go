package lock_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/lock"
)

// held runs a test under the lock.
func held(t *testing.T, test func(t *testing.T, server *clustertest.Server, held *lock.Held)) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		run := start(t, server)
		held := run.acquire(t, ada())
		test(t, server, held)
		require.NoError(t, held.Release(t.Context()))
	})
}

// What is created is as if it had been applied: the same again changes nothing, and fields that are left out later go.
func TestWhatIsCreatedIsApplied(t *testing.T) {
	held(t, func(t *testing.T, server *clustertest.Server, held *lock.Held) {
		created, err := held.Apply(t.Context(), settings("a"))
		require.NoError(t, err)
		assert.Equal(t, cluster.Created, created.Action)
		stored := server.Get(cluster.RefOf(settings("")))
		assert.Empty(t, stored.GetAnnotations())
		require.Len(t, stored.GetManagedFields(), 1)
		assert.Equal(t, metav1.ManagedFieldsOperationApply, stored.GetManagedFields()[0].Operation)

		writes := len(server.Writes())
		again, err := held.Apply(t.Context(), settings("a"))
		require.NoError(t, err)
		assert.Equal(t, cluster.Unchanged, again.Action)
		assert.Len(t, server.Writes(), writes)

		fewer := settings("")
		fewer.Object["data"] = map[string]any{"other": "b"}
		_, err = held.Apply(t.Context(), fewer)
		require.NoError(t, err)
		assert.Equal(t, fewer.Object["data"], data(server.Get(cluster.RefOf(fewer))))
	})
}

func TestUpdateDecidesByWhatIsThere(t *testing.T) {
	held(t, func(t *testing.T, server *clustertest.Server, held *lock.Held) {
		ref := cluster.RefOf(settings(""))
		seen := []any{}
		update := func(wanted *cluster.Object, decideErr error) (cluster.Change, error) {
			return held.Update(t.Context(), ref, func(current *cluster.Object) (*cluster.Object, error) {
				seen = append(seen, data(current))
				return wanted, decideErr
			})
		}
		change, err := update(nil, nil)
		require.NoError(t, err)
		assert.Empty(t, change.Action, "left as it is")
		_, err = update(settings("a"), nil)
		require.NoError(t, err)
		change, err = update(settings("b"), nil)
		require.NoError(t, err)
		assert.Equal(t, cluster.Configured, change.Action)
		_, err = update(nil, nil)
		require.NoError(t, err)
		assert.Equal(t, []any{nil, nil, map[string]any{"key": "a"}, map[string]any{"key": "b"}}, seen)
		assert.Equal(t, []cluster.Change{{Ref: ref, Action: cluster.Created}}, held.Changes())

		// Whatever decide fails of, it is not asked again.
		refused := errors.Join(cluster.ErrPreconditionFailed, cluster.ErrUnreachable)
		_, err = update(settings("c"), refused)
		assert.ErrorIs(t, err, refused)
		assert.Len(t, seen, 5)
	})
}

func TestWhatIsNotThere(t *testing.T) {
	held(t, func(t *testing.T, server *clustertest.Server, held *lock.Held) {
		_, err := held.Patch(t.Context(), cluster.RefOf(settings("")), map[string]any{"data": nil})
		assert.True(t, cluster.IsNotFound(err), "%v", err)
		_, err = held.Scale(t.Context(), cluster.RefOf(web("")), 3)
		assert.True(t, cluster.IsNotFound(err), "%v", err)
		_, err = held.Delete(t.Context(), cluster.RefOf(settings("")))
		assert.NoError(t, err)
		_, err = held.Delete(t.Context(), cluster.Ref{APIVersion: "example.com/v1", Kind: "Widget", Namespace: "shop", Name: "web"})
		assert.NoError(t, err, "of a kind that the cluster does not have, there is none")
		assert.Empty(t, held.Changes())
	})
}

func TestCreateOnce(t *testing.T) {
	held(t, func(t *testing.T, server *clustertest.Server, held *lock.Held) {
		made, err := held.Create(t.Context(), job())
		require.NoError(t, err)
		assert.Equal(t, server.Get(cluster.RefOf(job())).GetUID(), made.GetUID())
		assert.Empty(t, made.GetAnnotations())
		_, err = held.Create(t.Context(), job())
		assert.True(t, cluster.IsConflict(err), "%v", err)
		assert.ErrorContains(t, err, `creating Job "smoke" in namespace "shop": jobs.batch "smoke" already exists`)
	})
}

func TestChanges(t *testing.T) {
	settled, deployment := cluster.RefOf(settings("")), cluster.RefOf(web(""))
	for _, test := range []struct {
		name string
		do   []write
		want []cluster.Change
	}{
		{"the strongest of several is told", []write{apply(settings("a")), apply(settings("b")), apply(settings("b"))}, []cluster.Change{{Ref: settled, Action: cluster.Created}}},
		{"in the order of the first writes", []write{apply(web("one")), apply(settings("a")), scale(5)}, []cluster.Change{{Ref: deployment, Action: cluster.Created}, {Ref: settled, Action: cluster.Created}}},
		{"made and removed", []write{apply(settings("a")), remove(settings(""))}, []cluster.Change{{Ref: settled, Action: cluster.Deleted}}},
		{"removed and made", []write{apply(settings("a")), remove(settings("")), apply(settings("a"))}, []cluster.Change{{Ref: settled, Action: cluster.Created}}},
		{"nothing removed", []write{remove(settings(""))}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			held(t, func(t *testing.T, _ *clustertest.Server, held *lock.Held) {
				for _, do := range test.do {
					require.NoError(t, do(t.Context(), held))
				}
				assert.Equal(t, test.want, held.Changes())
			})
		})
	}
	held(t, func(t *testing.T, server *clustertest.Server, held *lock.Held) {
		server.Put(web("one"))
		for _, replicas := range []int{2, 5, 5} {
			require.NoError(t, scale(replicas)(t.Context(), held))
		}
		assert.Equal(t, []cluster.Change{{Ref: deployment, Action: cluster.Scaled}}, held.Changes())
	})
}
