package moduleproxy

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newProxy(t *testing.T) *Proxy {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	write("example.com/!cached/@v/v1.0.0.mod", "module example.com/Cached\n")
	write("example.com/!cached/@v/list", "v0.9.0\n")
	write("secret", "not to be served")
	gomod := write("go.mod", "module sdk\n\nrequire example.com/required v1.2.3\n\nrequire example.com/pinned v0.1.0 // indirect\n")

	proxy := &Proxy{
		Commits:  map[string]string{"example.com/sdk@0123456789ab": "v0.20.6"},
		Frozen:   map[string]string{"example.com/sdk": "", "example.com/pinned": "v0.2.0"},
		Cache:    dir,
		Upstream: "https://proxy.example/",
	}
	require.NoError(t, proxy.Freeze(gomod))
	return proxy
}

func TestAnswers(t *testing.T) {
	const elsewhere = "https://proxy.example"
	tests := map[string]struct {
		path     string
		status   int
		body     string
		location string
	}{
		"the commit is a version":             {path: "/example.com/sdk/@v/0123456789ab.info", status: 200, body: `{"Version":"v0.20.6"}` + "\n"},
		"a version of the SDK is itself":      {path: "/example.com/sdk/@v/v0.20.6.info", status: 200, body: `{"Version":"v0.20.6"}` + "\n"},
		"a requirement has nothing newer":     {path: "/example.com/required/@v/list", status: 200, body: "\n"},
		"a requirement has no latest":         {path: "/example.com/required/@latest", status: 404},
		"a requirement's version is itself":   {path: "/example.com/required/@v/v1.2.3.info", status: 200, body: `{"Version":"v1.2.3"}` + "\n"},
		"a pin outlasts a requirement":        {path: "/example.com/pinned/@v/list", status: 200, body: "v0.2.0\n"},
		"a file of the cache":                 {path: "/example.com/!cached/@v/v1.0.0.mod", status: 200, body: "module example.com/Cached\n"},
		"a file that the cache lacks":         {path: "/example.com/!cached/@v/v2.0.0.zip", status: 302, location: elsewhere + "/example.com/!cached/@v/v2.0.0.zip"},
		"a list is asked where it is current": {path: "/example.com/!cached/@v/list", status: 302, location: elsewhere + "/example.com/!cached/@v/list"},
		"another module's latest":             {path: "/example.com/other/@latest", status: 302, location: elsewhere + "/example.com/other/@latest"},
		"the checksum database":               {path: "/sumdb/sums.example/supported", status: 302, location: elsewhere + "/sumdb/sums.example/supported"},
		"a file beside the cache's modules":   {path: "/secret", status: 302, location: elsewhere + "/secret"},
	}
	proxy := newProxy(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answer := httptest.NewRecorder()
			proxy.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, test.path, nil))
			assert.Equal(t, test.status, answer.Code)
			assert.Equal(t, test.location, answer.Header().Get("Location"))
			if test.body != "" {
				assert.Equal(t, test.body, answer.Body.String())
			}
		})
	}
}

func TestFreezeRefusesWhatIsNoGoMod(t *testing.T) {
	file := filepath.Join(t.TempDir(), "go.mod")
	require.NoError(t, os.WriteFile(file, []byte("require ("), 0o644))
	assert.ErrorContains(t, newProxy(t).Freeze(file), file)
}
