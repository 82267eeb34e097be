package lock_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/lock"
)

// write is something that is done under the lock.
type write func(ctx context.Context, held *lock.Held) error

// verb is one write, and what the next holder does meanwhile.
type verb struct {
	name string
	// there is what exists before it.
	there        []*cluster.Object
	write, later write
}

func apply(object *cluster.Object) write {
	return func(ctx context.Context, held *lock.Held) error { _, err := held.Apply(ctx, object); return err }
}

func scale(replicas int) write {
	return func(ctx context.Context, held *lock.Held) error {
		_, err := held.Scale(ctx, cluster.RefOf(web("one")), replicas)
		return err
	}
}

func remove(object *cluster.Object) write {
	return func(ctx context.Context, held *lock.Held) error {
		_, err := held.Delete(ctx, cluster.RefOf(object))
		return err
	}
}

func patch(value string) write {
	return func(ctx context.Context, held *lock.Held) error {
		_, err := held.Patch(ctx, cluster.RefOf(settings("")), map[string]any{"data": map[string]any{"key": value}})
		return err
	}
}

func create(object *cluster.Object) write {
	return func(ctx context.Context, held *lock.Held) error { _, err := held.Create(ctx, object); return err }
}

func nothing(context.Context, *lock.Held) error { return nil }

var verbs = []verb{
	{"change what the next holder changes", []*cluster.Object{settings("a")}, apply(settings("b")), apply(settings("c"))},
	{"change what the next holder leaves as it is", []*cluster.Object{settings("a")}, apply(settings("b")), apply(settings("a"))},
	{"change what the next holder only reads", []*cluster.Object{settings("a")}, apply(settings("b")), nothing},
	{"change what the next holder deletes", []*cluster.Object{settings("a")}, apply(settings("b")), remove(settings(""))},
	{"make what the next holder makes", nil, apply(settings("b")), apply(settings("c"))},
	{"make the same as the next holder", nil, apply(settings("b")), apply(settings("b"))},
	{"make what the next holder does not want", nil, apply(settings("b")), nothing},
	{"make once what the next holder makes", nil, create(settings("b")), apply(settings("c"))},
	{"make once what the next holder makes once", nil, create(settings("b")), func(ctx context.Context, held *lock.Held) error {
		if err := create(settings("c"))(ctx, held); !cluster.IsConflict(err) {
			return err
		}
		return nil // the first one's is there already, and is the second one's from now on
	}},
	{"make once what the next holder does not want", nil, create(settings("b")), nothing},
	{"patch what the next holder applies", []*cluster.Object{settings("a")}, patch("b"), apply(settings("c"))},
	{"patch what the next holder only reads", []*cluster.Object{settings("a")}, patch("b"), nothing},
	{"scale what the next holder scales", []*cluster.Object{web("one")}, scale(0), scale(5)},
	{"scale what the next holder relies on", []*cluster.Object{web("one")}, scale(0), nothing},
	{"delete what the next holder applies", []*cluster.Object{settings("a")}, remove(settings("")), apply(settings("c"))},
	{"delete what the next holder relies on", []*cluster.Object{settings("a")}, remove(settings("")), nothing},
	{"delete what the next holder makes anew", []*cluster.Object{settings("a")}, remove(settings("")), func(ctx context.Context, held *lock.Held) error {
		if err := remove(settings(""))(ctx, held); err != nil {
			return err
		}
		return apply(settings("c"))(ctx, held)
	}},
}

// A holder that is frozen at any request of any write, and wakes when another one has come and gone, changes nothing that the
// other relies on, and says that it lost the lock.
func TestAFrozenHolder(t *testing.T) {
	for _, v := range verbs {
		for n := 0; ; n++ {
			met := false
			t.Run(fmt.Sprintf("%s, at write %d", v.name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { met = v.frozen(t, n) })
			})
			if !met {
				assert.Positive(t, n, "%s: it writes nothing", v.name)
				break
			}
		}
	}
}

// frozen freezes a holder at its n-th write after it got the lock; false when there are fewer.
func (v verb) frozen(t *testing.T, n int) bool {
	server := clustertest.NewServer("shop")
	first := start(t, server)
	old := first.acquire(t, ada())
	for _, object := range v.there {
		_, err := old.Apply(t.Context(), object)
		require.NoError(t, err)
	}
	writes := -1
	first.Fault = func(_ int, w clustertest.Write) clustertest.Fault {
		if w.Ref.Kind == "Lease" {
			return clustertest.None
		}
		if writes++; writes == n {
			return clustertest.Freeze
		}
		return clustertest.None
	}
	ended := make(chan error, 1)
	go func() { ended <- v.write(t.Context(), old) }()
	synctest.Wait()
	select {
	case err := <-ended:
		require.NoError(t, err)
		require.NoError(t, old.Release(t.Context()))
		return false
	case <-first.Frozen():
	}

	second := start(t, server)
	later := second.acquire(t, bob())
	require.NoError(t, v.later(t.Context(), later))
	require.NoError(t, later.Release(t.Context()))
	synctest.Wait()
	relied := server.Get(cluster.RefOf(subject(v)))

	first.Wake()
	assert.ErrorIs(t, <-ended, lock.ErrLost)
	assert.Equal(t, relied, server.Get(cluster.RefOf(subject(v))))
	assert.ErrorIs(t, old.Release(t.Context()), lock.ErrLost)
	return true
}

// A holder without its lock that is about to remove what it made leaves what a later one has taken over in that very moment.
func TestAWithdrawalLeavesWhatIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		first := start(t, server)
		old := first.acquire(t, ada())
		first.Fault = func(_ int, w clustertest.Write) clustertest.Fault {
			if w.Verb == "create" && w.Ref.Kind == "ConfigMap" {
				first.Fault = nil
				return clustertest.Freeze
			}
			return clustertest.None
		}
		ended := make(chan error, 1)
		go func() { ended <- apply(settings("b"))(t.Context(), old) }()
		<-first.Frozen()
		later := start(t, server).acquire(t, bob())
		var takeOver sync.Once
		first.Intercept = func(request *http.Request) (*http.Response, error) {
			if server.Get(cluster.RefOf(settings(""))) != nil && strings.HasSuffix(request.URL.Path, "/settings") {
				takeOver.Do(func() { assert.NoError(t, apply(settings("b"))(t.Context(), later)) })
			}
			return nil, nil
		}
		first.Wake()
		assert.ErrorIs(t, <-ended, lock.ErrLost)
		assert.Equal(t, []cluster.Change{{Ref: cluster.RefOf(settings("")), Action: cluster.Configured}}, later.Changes())
		assert.NotNil(t, server.Get(cluster.RefOf(settings(""))))
		require.NoError(t, later.Release(t.Context()))
	})
}

// subject is the object that a verb is about.
func subject(v verb) *cluster.Object {
	if len(v.there) > 0 {
		return v.there[0]
	}
	return settings("")
}
