package record

import (
	"crypto/rand"
	"encoding/base64"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// inStore runs a test with the lock of a namespace, in memory.
func inStore(t *testing.T, test func(t *testing.T, server *clustertest.Server, api *cluster.Cluster, held *lock.Held)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		api := server.NewClient().Cluster()
		held, err := lock.Acquire(t.Context(), api, "shop", lock.Request{Holder: "somebody"})
		require.NoError(t, err)
		test(t, server, api, held)
		require.NoError(t, held.Release(t.Context()))
	})
}

func sample(t *testing.T, revision int) Record {
	object := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"key": "value"}}}
	object.SetName("settings")
	packed, err := Pack(Layers{Platform: []*cluster.Object{object}, Slots: map[string][]*cluster.Object{"blue": {object}}})
	require.NoError(t, err)
	return Record{Revision: revision, Release: release.Release{Version: "v1"}, Outcome: Succeeded, Manifests: "sha256:1", Objects: packed}
}

func TestRecordsComeBackTheNewestFirst(t *testing.T) {
	inStore(t, func(t *testing.T, _ *clustertest.Server, api *cluster.Cluster, held *lock.Held) {
		for _, revision := range []int{1, 2, 10, 9} {
			require.NoError(t, Save(t.Context(), held, "shop", nil, sample(t, revision)))
		}
		require.NoError(t, Remove(t.Context(), held, "shop", 2))
		history, err := Read(t.Context(), api, "shop")
		require.NoError(t, err)
		var revisions []int
		for _, r := range history.Records {
			revisions = append(revisions, r.Revision)
		}
		assert.Equal(t, []int{10, 9, 1}, revisions, "numbers are not ordered as text")
		assert.Equal(t, 10, history.Latest())
		layers, err := history.Records[0].Objects.Unpack()
		require.NoError(t, err)
		assert.Equal(t, "settings", layers.Slots["blue"][0].GetName())
		assert.Equal(t, sample(t, 10).Digest(), history.Records[0].Digest())
	})
}

// A damaged record costs itself, and nothing else.
func TestADamagedRecordIsToldBesideTheOthers(t *testing.T) {
	inStore(t, func(t *testing.T, server *clustertest.Server, api *cluster.Cluster, held *lock.Held) {
		for revision := 1; revision <= 3; revision++ {
			require.NoError(t, Save(t.Context(), held, "shop", nil, sample(t, revision)))
		}
		damaged := server.Get(cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "shop", Name: Name(3)})
		_ = unstructured.SetNestedField(damaged.Object, base64.StdEncoding.EncodeToString([]byte("no gzip")), "data", recordKey)
		server.Put(damaged)
		history, err := Read(t.Context(), api, "shop")
		require.NoError(t, err)
		assert.Len(t, history.Records, 2)
		require.Len(t, history.Damaged, 1)
		assert.Equal(t, 3, history.Damaged[0].Revision)
		assert.Equal(t, 3, history.Latest(), "its number is not given to another")
	})
}

// What 9f15b3b recorded has its objects inside, and knows the slots only.
func TestRecordsOfTheFirstFormatAreRead(t *testing.T) {
	inStore(t, func(t *testing.T, server *clustertest.Server, api *cluster.Cluster, held *lock.Held) {
		packed, err := pack([]byte(`{"revision": 7, "release": {"version": "v1"}, "outcome": "succeeded", "manifests": "sha256:1",
			"objects": {"blue": [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}]}}`))
		require.NoError(t, err)
		secret := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "type": secretType,
			"data": map[string]any{recordKey: base64.StdEncoding.EncodeToString(packed)}}}
		secret.SetName(Name(7))
		secret.SetNamespace("shop")
		secret.SetLabels(map[string]string{"app.kubernetes.io/component": "record", "app.kubernetes.io/managed-by": "pipeline"})
		server.Put(secret)
		history, err := Read(t.Context(), api, "shop")
		require.NoError(t, err)
		require.Len(t, history.Records, 1)
		layers, err := history.Records[0].Objects.Unpack()
		require.NoError(t, err)
		assert.Empty(t, layers.Platform)
		assert.Equal(t, "web", layers.Slots["blue"][0].GetName())
		require.NoError(t, Save(t.Context(), held, "shop", nil, history.Records[0]), "it can be closed by a later run")
	})
}

func TestARecordThatDoesNotFitIsRefused(t *testing.T) {
	inStore(t, func(t *testing.T, _ *clustertest.Server, _ *cluster.Cluster, held *lock.Held) {
		noise := make([]byte, 2<<20)
		_, _ = rand.Read(noise)
		large := sample(t, 3)
		large.Reason = base64.StdEncoding.EncodeToString(noise)
		assert.ErrorContains(t, Save(t.Context(), held, "shop", nil, large), "saving record 3: it has ")
	})
}

func TestARevisionIsAReleaseAndWhatIsRenderedForIt(t *testing.T) {
	one := sample(t, 1)
	for name, change := range map[string]func(r *Record){
		"another version":   func(r *Record) { r.Release.Version = "v2" },
		"another image":     func(r *Record) { r.Release.Images = map[string]string{"web": "web@sha256:2"} },
		"another rendering": func(r *Record) { r.Manifests = "sha256:2" },
	} {
		other := one
		change(&other)
		assert.NotEqual(t, one.Digest(), other.Digest(), name)
	}
	again := one
	again.Revision, again.Action, again.Outcome = 9, Rollback, Failed
	assert.Equal(t, one.Digest(), again.Digest(), "who brought it, and how that ended, is no part of it")
}
