package lock_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/lock"
)

const fenceAnnotation = "team-dashboard.app/fence"

// everything are the objects of an application, and some that are not its, or not written by anybody.
func everything(server *clustertest.Server) (fenced, others []*cluster.Object) {
	object := func(apiVersion, kind, namespace, name string, labels map[string]string) *cluster.Object {
		made := &cluster.Object{Object: map[string]any{"apiVersion": apiVersion, "kind": kind}}
		made.SetNamespace(namespace)
		made.SetName(name)
		made.SetLabels(labels)
		server.Put(made)
		return made
	}
	fenced = []*cluster.Object{
		object("v1", "Namespace", "", "shop", labelled),
		object("v1", "Secret", "shop", "record-1", labelled),
		object("v1", "ServiceAccount", "shop", "web", labelled),
		object("apps/v1", "StatefulSet", "shop", "postgres", labelled),
		object("networking.k8s.io/v1", "NetworkPolicy", "shop", "default-deny", labelled),
		object("gateway.networking.k8s.io/v1", "HTTPRoute", "shop", "web", labelled),
		object("rbac.authorization.k8s.io/v1", "Role", "shop", "web", labelled),
	}
	others = []*cluster.Object{
		object("v1", "Pod", "shop", "web-1", labelled),
		object("v1", "Secret", "shop", "somebody-else", nil),
		object("v1", "Secret", "store", "record-1", labelled),
	}
	return fenced, others
}

func fencedBy(server *clustertest.Server, object *cluster.Object) string {
	return server.Get(cluster.RefOf(object)).GetAnnotations()[fenceAnnotation]
}

// Who takes over from a run that died marks everything that it may still write; who follows one that gave the lock back
// marks nothing.
func TestFence(t *testing.T) {
	for _, test := range []struct {
		name string
		// before is what was done with the lock before it is acquired.
		before func(t *testing.T, server *clustertest.Server)
		fences bool
	}{
		{"no Lease yet", func(*testing.T, *clustertest.Server) {}, true},
		{"given back", func(t *testing.T, server *clustertest.Server) {
			require.NoError(t, start(t, server).acquire(t, bob()).Release(t.Context()))
		}, false},
		{"not given back", func(t *testing.T, server *clustertest.Server) {
			dead := start(t, server)
			dead.acquire(t, bob())
			dead.kill()
		}, true},
		{"deleted by hand", func(t *testing.T, server *clustertest.Server) {
			require.NoError(t, start(t, server).acquire(t, bob()).Release(t.Context()))
			server.Remove(lock.Ref("shop"))
		}, true},
		{"given back with a write on its way", func(t *testing.T, server *clustertest.Server) {
			run := start(t, server)
			held := run.acquire(t, bob())
			run.Fault = func(_ int, w clustertest.Write) clustertest.Fault {
				if w.Ref.Kind == "ConfigMap" {
					return clustertest.Timeout
				}
				return clustertest.None
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			assert.Error(t, apply(settings("a"))(ctx, held))
			require.NoError(t, held.Release(t.Context()))
		}, true},
		{"given back after that was dealt with", func(t *testing.T, server *clustertest.Server) {
			setLeaseUnclean(t, server)
			require.NoError(t, start(t, server).acquire(t, bob()).Release(t.Context()))
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := clustertest.NewServer("shop")
				test.before(t, server)
				fenced, others := everything(server)
				held := start(t, server).acquire(t, ada())
				for _, object := range fenced {
					token := fencedBy(server, object)
					assert.Equal(t, test.fences, token == held.Token(), "%s: %q", cluster.RefOf(object), token)
				}
				for _, object := range others {
					assert.Empty(t, fencedBy(server, object), cluster.RefOf(object))
				}
			})
		})
	}
}

func setLeaseUnclean(t *testing.T, server *clustertest.Server) {
	require.NoError(t, start(t, server).acquire(t, bob()).Release(t.Context()))
	setLease(t, server, "true", "metadata", "annotations", "team-dashboard.app/lock-unclean")
}

// What the user may not see or change, nobody with this kubeconfig can write: it keeps nobody from the lock.
func TestFenceWithoutRights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		fenced, _ := everything(server)
		server.Forbid("Secret")
		server.Forbid("Namespace")
		held := start(t, server).acquire(t, ada())
		assert.Equal(t, held.Token(), fencedBy(server, fenced[4]))
		assert.Empty(t, fencedBy(server, fenced[1]))
	})
}

// A holder that is killed in the middle of fencing leaves it to the next one.
func TestFencingThatWasInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		fenced, _ := everything(server)
		run := start(t, server)
		run.Fault = func(n int, _ clustertest.Write) clustertest.Fault {
			if n == 3 {
				return clustertest.Kill
			}
			return clustertest.None
		}
		_, err := lock.Acquire(run.ctx, run.Cluster(), "shop", bob())
		require.Error(t, err)
		run.kill()
		held := start(t, server).acquire(t, ada())
		for _, object := range fenced {
			assert.Equal(t, held.Token(), fencedBy(server, object), cluster.RefOf(object))
		}
	})
}

// The mark of a fence is nobody's field: the next apply neither removes it nor lists it, and changes nothing.
func TestTheFenceIsNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		run := start(t, server)
		held := run.acquire(t, bob())
		_, err := held.Apply(t.Context(), settings("a"))
		require.NoError(t, err)
		run.kill()
		later := start(t, server).acquire(t, ada())
		change, err := later.Apply(t.Context(), settings("a"))
		require.NoError(t, err)
		assert.Equal(t, cluster.Change{Ref: cluster.RefOf(settings("")), Action: cluster.Unchanged}, change)
		assert.Equal(t, later.Token(), fencedBy(server, settings("")))
	})
}

// counting is a connection whose requests take a while, and are counted.
type counting struct {
	client *clustertest.Client
	mu     sync.Mutex
	lines  []string
}

func (c *counting) RoundTrip(request *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.lines = append(c.lines, request.Method+" "+request.URL.Path)
	c.mu.Unlock()
	time.Sleep(5 * time.Millisecond)
	return c.client.RoundTrip(request)
}

func (c *counting) count(match string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := 0
	for _, line := range c.lines {
		if strings.Contains(line, match) {
			count++
		}
	}
	return count
}

// gate is a connection that keeps the answer to its next look at the Lease until it is opened.
type gate struct {
	client         *clustertest.Client
	shut           bool
	served, opened chan struct{}
}

func (g *gate) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := g.client.RoundTrip(request)
	if g.shut && request.Method == http.MethodGet && strings.HasSuffix(request.URL.Path, "/leases/pipeline") {
		g.shut = false
		close(g.served)
		<-g.opened
	}
	return response, err
}

// An answer that was given before somebody asked tells him nothing.
func TestAnEarlierLookConfirmsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		connection := &gate{client: server.NewClient(), served: make(chan struct{}), opened: make(chan struct{})}
		held, err := lock.Acquire(t.Context(), cluster.New(&url.URL{Scheme: "https", Host: "api.example"}, connection), "shop", ada())
		require.NoError(t, err)
		connection.shut = true
		early, late := make(chan error, 1), make(chan error, 1)
		go func() { early <- held.Confirm(t.Context()) }()
		<-connection.served
		setLease(t, server, "other", "metadata", "annotations", tokenAnnotation)
		go func() { late <- held.Confirm(t.Context()) }()
		synctest.Wait()
		close(connection.opened)
		assert.NoError(t, <-early)
		assert.ErrorIs(t, <-late, lock.ErrLost)
	})
}

// Sixty objects, eight at a time, share their looks at the Lease; what is so already takes one read and one apply.
func TestConfirmationsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connection := &counting{client: clustertest.NewServer("shop").NewClient()}
		api := cluster.New(&url.URL{Scheme: "https", Host: "api.example"}, connection)
		held, err := lock.Acquire(t.Context(), api, "shop", ada())
		require.NoError(t, err)
		for round, most := range []struct{ looks, requests int }{{60, 300}, {30, 150}} {
			connection.lines = nil
			began := time.Now()
			group, ctx := errgroup.WithContext(t.Context())
			group.SetLimit(8)
			for i := range 60 {
				object := settings("a")
				object.SetName(fmt.Sprintf("settings-%d", i))
				group.Go(func() error { return apply(object)(ctx, held) })
			}
			require.NoError(t, group.Wait())
			t.Logf("round %d: %d requests, %d of them looks at the Lease, in %s of 5 ms each", round, connection.count(""), connection.count("GET /apis/coordination"), time.Since(began))
			assert.LessOrEqual(t, connection.count("GET /apis/coordination"), most.looks)
			assert.LessOrEqual(t, connection.count(""), most.requests)
		}
		require.NoError(t, held.Release(t.Context()))
	})
}
