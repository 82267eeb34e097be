package cluster

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const secrets = "/api/v1/namespaces/shop/secrets"

func TestRecords(t *testing.T) {
	server, cluster := newFake(t)
	for _, revision := range []int{1, 2, 10, 9} {
		entry := Entry{Revision: revision, Labels: map[string]string{"outcome": "good"}, Data: []byte{byte(revision)}}
		require.NoError(t, cluster.SaveRecord(t.Context(), "shop", entry))
	}
	require.NoError(t, cluster.SaveRecord(t.Context(), "shop", Entry{Revision: 2, Data: []byte("changed")}))
	entries, err := cluster.Records(t.Context(), "shop")
	require.NoError(t, err)
	assert.Equal(t, []int{10, 9, 2, 1}, revisions(entries))
	assert.Equal(t, "good", entries[0].Labels["outcome"])
	assert.Equal(t, []byte{10}, entries[0].Data)
	assert.Equal(t, "changed", string(entries[2].Data))
	assert.Equal(t, "team-dashboard.app/record", server.get(secrets + "/record-10").Object["type"])

	require.NoError(t, cluster.PruneRecords(t.Context(), "shop", 2))
	entries, err = cluster.Records(t.Context(), "shop")
	require.NoError(t, err)
	assert.Equal(t, []int{10, 9}, revisions(entries), "numbers are not ordered as text")
	require.NoError(t, cluster.PruneRecords(t.Context(), "shop", 10))
	assert.Len(t, entries, 2)
}

func revisions(entries []Entry) []int {
	numbers := make([]int, len(entries))
	for i, entry := range entries {
		numbers[i] = entry.Revision
	}
	return numbers
}

func TestRecordsLeaveOtherSecretsAlone(t *testing.T) {
	server, cluster := newFake(t)
	for _, name := range []string{"record-7", "database-secrets", "record-x"} {
		server.put(t, secrets+"/"+name, map[string]any{"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
			"metadata": map[string]any{"name": name, "labels": map[string]any{"app.kubernetes.io/component": "record", "app.kubernetes.io/managed-by": "pipeline"}}})
	}
	entries, err := cluster.Records(t.Context(), "shop")
	require.NoError(t, err)
	assert.Empty(t, entries)
	require.NoError(t, cluster.PruneRecords(t.Context(), "shop", 0))
	assert.Zero(t, server.count("DELETE"))
}

func TestRecordThatDoesNotFit(t *testing.T) {
	server, cluster := newFake(t)
	noise := make([]byte, 1<<20)
	_, _ = rand.Read(noise)
	err := cluster.SaveRecord(t.Context(), "shop", Entry{Revision: 3, Data: noise})
	assert.ErrorContains(t, err, `saving record 3 in namespace "shop": it has `)
	assert.ErrorContains(t, err, "a Secret holds at most 1048576")
	assert.ErrorContains(t, cluster.SaveRecord(t.Context(), "shop", Entry{}), "its revision must be 1 or more")
	assert.Zero(t, server.count("PATCH"))

	require.NoError(t, cluster.SaveRecord(t.Context(), "shop", Entry{Revision: 3, Data: make([]byte, 8<<20)}), "what counts is the packed size")
}

func TestDamagedRecord(t *testing.T) {
	server, cluster := newFake(t)
	require.NoError(t, cluster.SaveRecord(t.Context(), "shop", Entry{Revision: 3, Data: []byte("{}")}))
	server.set(t, secrets+"/record-3", "dGhpcyBpcyBub3QgZ3ppcA==", "data", "record")
	_, err := cluster.Records(t.Context(), "shop")
	assert.ErrorContains(t, err, `reading record 3 in namespace "shop": gzip: invalid header; delete Secret "record-3"`)
}
