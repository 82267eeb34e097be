//go:build e2e

package e2e

import (
	"crypto/tls"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// registryAddress is where the lab serves what the pipeline knows as ghcr.io.
const registryAddress = "10.99.0.2:443"

// atLab is a reference under the lab's own address, since this machine's resolver knows the public ghcr.io only.
func atLab(t testing.TB, reference string) name.Reference {
	t.Helper()
	_, path, _ := strings.Cut(reference, "/")
	parsed, err := name.ParseReference(registryAddress + "/" + path)
	require.NoError(t, err)
	return parsed
}

func registryOptions(t testing.TB) []remote.Option {
	t.Helper()
	password, err := os.ReadFile(labFile(t, "state/registry/password"))
	require.NoError(t, err)
	transport := doorClient(t, false).Transport.(*http.Transport).Clone()
	transport.DialContext = nil
	transport.TLSClientConfig = &tls.Config{RootCAs: transport.TLSClientConfig.RootCAs, ServerName: "ghcr.io"}
	return []remote.Option{
		remote.WithTransport(transport),
		remote.WithAuth(&authn.Basic{Username: "lab", Password: strings.TrimSpace(string(password))}),
	}
}

// platformsOf reads what an index holds, without the pipeline's help.
func platformsOf(t testing.TB, reference string) []string {
	t.Helper()
	index, err := remote.Index(atLab(t, reference), registryOptions(t)...)
	require.NoError(t, err, "%s is no OCI index", reference)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Equal(t, "application/vnd.oci.image.index.v1+json", string(manifest.MediaType))
	var platforms []string
	for _, child := range manifest.Manifests {
		platforms = append(platforms, child.Platform.OS+"/"+child.Platform.Architecture)
	}
	slices.Sort(platforms)
	return platforms
}

// imageFor is the digest of an index's image for an architecture.
func imageFor(t testing.TB, reference, architecture string) string {
	t.Helper()
	image, err := remote.Image(atLab(t, reference), append(registryOptions(t), remote.WithPlatform(ggcr.Platform{OS: "linux", Architecture: architecture}))...)
	require.NoError(t, err)
	digest, err := image.Digest()
	require.NoError(t, err)
	return digest.String()
}

// requireTags checks that tags of every image name the digests of a release.
func requireTags(t testing.TB, images map[string]string, tags ...string) {
	t.Helper()
	for _, reference := range images {
		repository, digest, _ := strings.Cut(reference, "@")
		for _, tag := range tags {
			found, err := remote.Get(atLab(t, repository+":"+tag), registryOptions(t)...)
			require.NoError(t, err)
			require.Equal(t, digest, found.Digest.String(), "%s:%s", repository, tag)
		}
	}
}

// amd64Only pushes an index with one platform under the repository and returns it by digest.
func amd64Only(t testing.TB, repository string) string {
	t.Helper()
	image, err := random.Image(256, 1)
	require.NoError(t, err)
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: image, Descriptor: ggcr.Descriptor{Platform: &ggcr.Platform{OS: "linux", Architecture: "amd64"}},
	})
	require.NoError(t, remote.WriteIndex(atLab(t, repository+":amd64-only"), index, registryOptions(t)...))
	digest, err := index.Digest()
	require.NoError(t, err)
	return repository + "@" + digest.String()
}

// traffic is what one publish did to the registry.
type traffic struct {
	release string
	// uploads are blobs, tags are manifests that were put under a tag.
	requests, uploads, tags int
}

// publishCounted publishes and reads from the registry's access log what that took.
func publishCounted(t testing.TB, source string, flags ...string) traffic {
	t.Helper()
	log := labFile(t, "state/logs/registry.log")
	before, err := os.ReadFile(log)
	require.NoError(t, err)
	out := mustCall(t, slices.Concat([]string{"--source", source, "publish"}, flags, []string{"contents"})...)
	after, err := os.ReadFile(log)
	require.NoError(t, err)
	seen := traffic{release: out}
	for line := range strings.Lines(string(after[len(before):])) {
		if !strings.Contains(line, "/codingbutter/team-dashboard/") {
			continue
		}
		seen.requests++
		if strings.Contains(line, "PUT") && strings.Contains(line, "/blobs/uploads/") {
			seen.uploads++
		}
		if strings.Contains(line, "PUT") && strings.Contains(line, "/manifests/") && !strings.Contains(line, "/manifests/sha256:") {
			seen.tags++
		}
	}
	return seen
}
