package registry

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const repository = "codingbutter/team-dashboard/dashboard"

var (
	owner    = &authn.Basic{Username: User, Password: "right"}
	mistaken = &authn.Basic{Username: User, Password: "wrong"}
	stranger = &authn.Basic{Username: "other", Password: "right"}
)

// serve starts a registry on storage and returns its host:port and its log.
func serve(t *testing.T, storage string) (string, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	server := httptest.NewServer(Handler(context.Background(), Options{Storage: storage, User: User, Password: "right", Log: log}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), log
}

func reference(t *testing.T, host, tag string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(host + "/" + repository + ":" + tag)
	require.NoError(t, err)
	return ref
}

func randomIndex(t *testing.T) v1.ImageIndex {
	t.Helper()
	index, err := random.Index(256, 2, 2)
	require.NoError(t, err)
	return index
}

func status(err error) int {
	if answer, ok := err.(*transport.Error); ok {
		return answer.StatusCode
	}
	return 0
}

func TestWhoMayDoWhat(t *testing.T) {
	const (
		ping     = "/v2/"
		manifest = "/v2/" + repository + "/manifests/v1"
		tags     = "/v2/" + repository + "/tags/list"
		missing  = "/v2/" + repository + "/manifests/v2"
		upload   = "/v2/" + repository + "/blobs/uploads/"
		catalog  = "/v2/_catalog"
	)
	host, _ := serve(t, t.TempDir())
	require.NoError(t, remote.WriteIndex(reference(t, host, "v1"), randomIndex(t), remote.WithAuth(owner)))

	tests := []struct {
		name   string
		who    *authn.Basic
		method string
		path   string
		want   int
	}{
		{"anyone learns the scheme", nil, http.MethodGet, ping, http.StatusUnauthorized},
		{"anyone reads a manifest", nil, http.MethodGet, manifest, http.StatusOK},
		{"anyone asks for a manifest", nil, http.MethodHead, manifest, http.StatusOK},
		{"anyone lists tags", nil, http.MethodGet, tags, http.StatusOK},
		{"anyone hears that there is no such image", nil, http.MethodGet, missing, http.StatusNotFound},
		{"nobody unknown uploads", nil, http.MethodPost, upload, http.StatusUnauthorized},
		{"nobody unknown tags", nil, http.MethodPut, manifest, http.StatusUnauthorized},
		{"nobody unknown deletes", nil, http.MethodDelete, manifest, http.StatusUnauthorized},
		{"nobody unknown lists repositories", nil, http.MethodGet, catalog, http.StatusUnauthorized},
		{"a wrong password does not get in", mistaken, http.MethodGet, ping, http.StatusUnauthorized},
		{"a wrong password does not read", mistaken, http.MethodGet, manifest, http.StatusUnauthorized},
		{"a wrong password does not upload", mistaken, http.MethodPost, upload, http.StatusUnauthorized},
		{"a wrong user does not upload", stranger, http.MethodPost, upload, http.StatusUnauthorized},
		{"the owner gets in", owner, http.MethodGet, ping, http.StatusOK},
		{"the owner reads", owner, http.MethodGet, manifest, http.StatusOK},
		{"the owner uploads", owner, http.MethodPost, upload, http.StatusAccepted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequest(test.method, "http://"+host+test.path, nil)
			require.NoError(t, err)
			if test.who != nil {
				request.SetBasicAuth(test.who.Username, test.who.Password)
			}
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			defer response.Body.Close()
			assert.Equal(t, test.want, response.StatusCode)
			if test.want == http.StatusUnauthorized {
				assert.Regexp(t, `^Basic realm=`, response.Header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestClientsPushWithThePasswordAndPullWithout(t *testing.T) {
	host, _ := serve(t, t.TempDir())
	ref, index := reference(t, host, "v1"), randomIndex(t)

	assert.Equal(t, http.StatusUnauthorized, status(remote.WriteIndex(ref, index)))
	assert.Equal(t, http.StatusUnauthorized, status(remote.WriteIndex(ref, index, remote.WithAuth(mistaken))))
	require.NoError(t, remote.WriteIndex(ref, index, remote.WithAuth(owner)))

	pulled, err := remote.Index(ref)
	require.NoError(t, err)
	want, err := index.Digest()
	require.NoError(t, err)
	got, err := pulled.Digest()
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestImagesSurviveARestart(t *testing.T) {
	storage := t.TempDir()
	host, _ := serve(t, storage)
	require.NoError(t, remote.WriteIndex(reference(t, host, "v1"), randomIndex(t), remote.WithAuth(owner)))

	host, _ = serve(t, storage)
	_, err := remote.Index(reference(t, host, "v1"))
	assert.NoError(t, err)
}

func TestTheLogCountsUploads(t *testing.T) {
	host, log := serve(t, t.TempDir())
	ref, index := reference(t, host, "v1"), randomIndex(t)
	uploads := func() (count int) {
		for line := range strings.Lines(log.String()) {
			fields := strings.Fields(line)
			require.Len(t, fields, 5)
			assert.Equal(t, host, fields[2])
			path, err := url.PathUnescape(fields[3])
			require.NoError(t, err)
			if fields[1] == http.MethodPut && strings.HasPrefix(path, "/v2/"+repository+"/blobs/uploads/") && fields[4] == "201" {
				count++
			}
		}
		return count
	}
	require.NoError(t, remote.WriteIndex(ref, index, remote.WithAuth(owner)))
	first := uploads()
	assert.Equal(t, 6, first) // two images of two layers and a config each

	require.NoError(t, remote.WriteIndex(reference(t, host, "v2"), index, remote.WithAuth(owner)))
	assert.Equal(t, first, uploads(), "what is there is not sent again")
}
