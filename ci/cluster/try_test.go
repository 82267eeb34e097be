package cluster

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTryStoresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, c := newFake(t)
		var asked []string
		server.fail(fault{match: "POST /api/v1/namespaces/shop/pods", before: func(request *http.Request) (*http.Response, error) {
			asked = append(asked, request.URL.Query().Get("dryRun"))
			recorder := httptest.NewRecorder()
			recorder.WriteString(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-x7x","generateName":"web-"}}`)
			return recorder.Result(), nil
		}}, answer("POST /api/v1/namespaces/shop/pods", http.StatusServiceUnavailable, ""), answer("POST /api/v1/namespaces/shop/pods", http.StatusForbidden,
			`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"pods \"web-abc\" is forbidden: maximum memory usage per Container is 256Mi, but limit is 512Mi"}`))
		pod := &Object{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"generateName": "web-", "namespace": "shop"}}}

		admitted, err := c.Try(t.Context(), pod)
		require.NoError(t, err)
		assert.Equal(t, "web-x7x", admitted.GetName())
		assert.Equal(t, []string{"All"}, asked)

		_, err = c.Try(t.Context(), pod)
		assert.True(t, IsForbidden(err), "asked again when the API server was away: %v", err)
		assert.ErrorContains(t, err, `trying out Pod "web-" in namespace "shop": `)
		assert.ErrorContains(t, err, "but limit is 512Mi")
	})
}
