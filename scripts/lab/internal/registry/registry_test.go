package registry

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
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

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
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

func reference(t *testing.T, address, tag string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(address + "/" + repository + ":" + tag)
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
	address, _ := serve(t, t.TempDir())
	require.NoError(t, remote.WriteIndex(reference(t, address, "v1"), randomIndex(t), remote.WithAuth(owner)))

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
			request, err := http.NewRequest(test.method, "http://"+address+test.path, nil)
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
	address, _ := serve(t, t.TempDir())
	ref, index := reference(t, address, "v1"), randomIndex(t)

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
	address, _ := serve(t, storage)
	require.NoError(t, remote.WriteIndex(reference(t, address, "v1"), randomIndex(t), remote.WithAuth(owner)))

	address, _ = serve(t, storage)
	_, err := remote.Index(reference(t, address, "v1"))
	assert.NoError(t, err)
}

func TestTheLogCountsUploads(t *testing.T) {
	address, log := serve(t, t.TempDir())
	ref, index := reference(t, address, "v1"), randomIndex(t)
	uploads := func() (count int) {
		for line := range strings.Lines(log.String()) {
			fields := strings.Fields(line)
			require.Len(t, fields, 5)
			assert.Equal(t, address, fields[2])
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

	require.NoError(t, remote.WriteIndex(reference(t, address, "v2"), index, remote.WithAuth(owner)))
	assert.Equal(t, first, uploads(), "what is there is not sent again")
}

func TestPushSendsOnlyWhatIsNotThere(t *testing.T) {
	address, _ := serve(t, t.TempDir())
	ref, options := reference(t, address, "v1"), []remote.Option{remote.WithAuth(owner)}
	none, err := digest(ref, options)
	require.NoError(t, err)
	assert.Zero(t, none)

	one, two := randomIndex(t), randomIndex(t)
	for _, step := range []struct {
		index v1.ImageIndex
		want  bool
	}{{one, true}, {one, false}, {two, true}} {
		pushed, err := push(ref, step.index, options)
		require.NoError(t, err)
		assert.Equal(t, step.want, pushed)
	}
	want, err := two.Digest()
	require.NoError(t, err)
	have, err := digest(ref, options)
	require.NoError(t, err)
	assert.Equal(t, want, have)

	_, err = push(ref, one, []remote.Option{remote.WithAuth(mistaken)})
	assert.ErrorContains(t, err, "401")
}

func TestServeEndsWhenTold(t *testing.T) {
	h := &host.Host{Root: t.TempDir()}
	authority, err := pki.Load(context.Background(), h)
	require.NoError(t, err)
	pair, err := authority.Issue(context.Background(), "registry", Hosts, nil)
	require.NoError(t, err)
	_, err = password(h)
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.NoError(t, Serve(ctx, []string{
		"-address", "127.0.0.1:0", "-storage", h.State("data"),
		"-cert", pair.Cert, "-key", pair.Key, "-password-file", PasswordFile(h),
	}))
}

func TestThePasswordIsMadeOnceAndForItsOwnerOnly(t *testing.T) {
	h := &host.Host{Root: t.TempDir()}
	first, err := password(h)
	require.NoError(t, err)
	again, err := password(h)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.GreaterOrEqual(t, len(first), 26)
	info, err := os.Stat(PasswordFile(h))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
