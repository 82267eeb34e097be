package preflight

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// server answers as an API server that has the given objects. It can store nothing: Apply is always a dry run.
type server struct {
	t       *testing.T
	objects map[cluster.Ref]*cluster.Object
	// refused are the names of objects that a dry run refuses, warned those that it warns of.
	refused, warned map[string]string
	denied          map[string]bool
}

func (s server) Get(_ context.Context, ref cluster.Ref) (*cluster.Object, error) {
	if object := s.objects[ref]; object != nil {
		return object, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: ref.Kind}, ref.Name)
}

func (s server) List(_ context.Context, apiVersion, kind, namespace, _ string) ([]*cluster.Object, error) {
	var found []*cluster.Object
	for ref, object := range s.objects {
		if ref.APIVersion == apiVersion && ref.Kind == kind && ref.Namespace == namespace {
			found = append(found, object)
		}
	}
	return found, nil
}

func (s server) Apply(_ context.Context, object *cluster.Object, options cluster.ApplyOptions) (*cluster.Object, error) {
	require.True(s.t, options.DryRun, "preflight writes nothing")
	if reason := s.refused[object.GetName()]; reason != "" {
		return nil, errors.New(reason)
	}
	if warning := s.warned[object.GetName()]; warning != "" {
		options.Warning(warning)
	}
	return object, nil
}

func (s server) Can(_ context.Context, action cluster.Action) (bool, error) {
	return !s.denied[action.Kind], nil
}

type registry struct{ err error }

func (r registry) Verify(context.Context, release.Release, []string) error { return r.err }

func (r registry) Resolve(_ context.Context, ref string) (string, error) {
	return "", fmt.Errorf("resolving image %q: not found", ref)
}

func object(apiVersion, kind, namespace, name string, fields map[string]any) *cluster.Object {
	made := &cluster.Object{Object: map[string]any{}}
	for key, value := range fields {
		made.Object[key] = value
	}
	made.SetAPIVersion(apiVersion)
	made.SetKind(kind)
	made.SetNamespace(namespace)
	made.SetName(name)
	return made
}

// ready is a server on which a deploy of input would work.
func ready(t *testing.T) (server, Input) {
	namespace := object("v1", "Namespace", "", "shop", nil)
	namespace.SetLabels(map[string]string{"app.kubernetes.io/part-of": "shop"})
	secret := object("v1", "Secret", "shop", "database", map[string]any{"data": map[string]any{"url": "dmFsdWU="}})
	deployment := object("apps/v1", "Deployment", "shop", "web", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": "web", "image": "registry.example/web:v1@sha256:abc", "resources": map[string]any{
			"requests": map[string]any{"cpu": "250m", "memory": "64Mi"}, "limits": map[string]any{"memory": "128Mi"}}}},
	}}}})
	s := server{t: t, objects: map[cluster.Ref]*cluster.Object{}, refused: map[string]string{}, warned: map[string]string{}, denied: map[string]bool{}}
	for _, there := range []*cluster.Object{namespace, secret} {
		s.objects[cluster.RefOf(there)] = there
	}
	return s, Input{
		Application: "shop", Platforms: []string{"linux/amd64"}, Objects: []*cluster.Object{namespace, deployment}, Replicas: map[string]int{"web": 3},
		Environment: config.Environment{Name: "production", Namespace: "shop", Secrets: []config.Secret{{Name: "database", Keys: []config.Key{{Name: "url"}}}}},
		Release:     release.Release{Version: "v1"},
	}
}

func TestEverythingIsReady(t *testing.T) {
	s, input := ready(t)
	report := Run(t.Context(), s, registry{}, input)
	require.NoError(t, report.Err())
	assert.Len(t, report.Checks, 7)
	assert.Len(t, Run(t.Context(), s, nil, input).Checks, 6, "without a registry there is nothing to ask it")
}

// asked notes the images that are asked for.
type asked struct {
	registry
	images map[string]string
}

func (a asked) Verify(_ context.Context, r release.Release, _ []string) error {
	maps.Copy(a.images, r.Images)
	return nil
}

// Of what the data layer runs, the images that are published beside the release's are asked for, too.
func TestOwnDataImagesAreVerified(t *testing.T) {
	s, input := ready(t)
	input.Release.Images = map[string]string{"web": "registry.example:5000/shop/web@sha256:abc"}
	pod := map[string]any{"containers": []any{
		map[string]any{"name": "web", "image": "registry.example:5000/shop/web@sha256:abc"},
		map[string]any{"name": "database", "image": "registry.example:5000/shop/postgres:17-0123@sha256:def"},
		map[string]any{"name": "cache", "image": "docker.io/library/redis:8@sha256:fed"},
	}}
	input.Objects = append(input.Objects, object("apps/v1", "StatefulSet", "shop", "stores", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": pod}}}))
	images := asked{images: map[string]string{}}
	require.NoError(t, Run(t.Context(), s, images, input).Err())
	assert.Equal(t, map[string]string{
		"web": "registry.example:5000/shop/web@sha256:abc", "postgres": "registry.example:5000/shop/postgres:17-0123@sha256:def",
	}, images.images)
}

func TestEachProblemIsFound(t *testing.T) {
	quota := func(hard, used map[string]any) *cluster.Object {
		return object("v1", "ResourceQuota", "shop", "small", map[string]any{"status": map[string]any{"hard": hard, "used": used}})
	}
	tests := []struct {
		name    string
		prepare func(s server, input *Input) Images
		want    []string
	}{
		{"access", func(s server, _ *Input) Images { s.denied["Lease"] = true; return nil }, []string{"create Lease", "update Lease"}},
		{"namespace", func(s server, _ *Input) Images {
			s.objects[cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: "shop"}].SetLabels(nil)
			return nil
		}, []string{"nobody is named as its owner", "kubectl label namespace shop"}},
		{"images", func(server, *Input) Images { return registry{errors.New("image not found")} }, []string{"image not found"}},
		{"images", func(_ server, input *Input) Images {
			store := object("apps/v1", "StatefulSet", "shop", "database", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
				"containers": []any{map[string]any{"name": "database", "image": "registry.example/database:17"}},
			}}}})
			input.Objects = append(input.Objects, store)
			return registry{}
		}, []string{`resolving image "registry.example/database:17": not found`}},
		{"secrets", func(_ server, input *Input) Images {
			input.Environment.Secrets = []config.Secret{{Name: "database", Keys: []config.Key{{Name: "url"}, {Name: "password"}}}, {Name: "mail"}}
			return nil
		}, []string{"database/password, mail (whole secret)", "setup-secrets.sh production create"}},
		{"secrets", func(s server, input *Input) Images {
			input.Environment.Secrets = []config.Secret{
				{Name: "database", Keys: []config.Key{{Name: "url", Schemes: []string{"postgres"}}, {Name: "password", MinLength: 16}, {Name: "user"}}},
				{Name: "mail", Keys: []config.Key{{Name: "token", Purpose: "mail token"}}},
			}
			s.objects[cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "shop", Name: "database"}].Object["data"] = map[string]any{
				"url": base64.StdEncoding.EncodeToString([]byte("mysql://hunter2")), "password": base64.StdEncoding.EncodeToString([]byte("hunter2"))}
			mail := object("v1", "Secret", "shop", "mail", map[string]any{"data": map[string]any{"token": base64.StdEncoding.EncodeToString([]byte("changeme"))}})
			s.objects[cluster.RefOf(mail)] = mail
			return nil
		}, []string{"missing: database/user", "database/url: malformed: not a URL that begins with postgres://", "database/password: malformed: 7 bytes long, needs at least 16",
			"mail/token: placeholder", "setup-secrets.sh production create --overwrite"}},
		{"restore", func(s server, _ *Input) Images {
			claim := object("v1", "PersistentVolumeClaim", "shop", databaseClaim, nil)
			claim.SetAnnotations(map[string]string{RestoreMark: "restore --env production --to-time 2026-11-23T10:00:00Z --force", RestoreBegan: "2026-11-23T12:00:00Z"})
			s.objects[cluster.RefOf(claim)] = claim
			return nil
		}, []string{"is being restored since 2026-11-23T12:00:00Z, or that was interrupted", "finish it: dagger call restore --env production --to-time 2026-11-23T10:00:00Z --force",
			"give it up and go to the end of what was archived: dagger call restore --env production --latest --force"}},
		{"manifests", func(s server, _ *Input) Images { s.refused["web"] = "spec.replicas: too many"; return nil }, []string{"too many"}},
		{"manifests", func(s server, _ *Input) Images {
			s.warned["web"] = `would violate PodSecurity "restricted:latest"`
			return nil
		}, []string{`Deployment "web" in namespace "shop": its pods will not be admitted`}},
		{"capacity", func(s server, _ *Input) Images {
			full := quota(map[string]any{"cpu": "1", "limits.memory": "1Gi", "pods": "10"}, map[string]any{"cpu": "500m", "limits.memory": "0", "pods": "8"})
			s.objects[cluster.RefOf(full)] = full
			return nil
		}, []string{"leaves 500m of cpu, needed are 750m", "leaves 2 of pods, needed are 3"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, input := ready(t)
			images := test.prepare(s, &input)
			report := Run(t.Context(), s, images, input)
			for _, check := range report.Checks {
				assert.Equal(t, check.Name != test.name, check.OK, "%s: %s", check.Name, check.Detail)
			}
			for _, want := range test.want {
				assert.ErrorContains(t, report.Err(), want)
			}
			assert.NotContains(t, report.Err().Error(), "hunter2")
		})
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	s, input := ready(t)
	s.denied["Pod"], s.refused["web"] = true, "no"
	err := Run(t.Context(), s, registry{errors.New("gone")}, input).Err()
	for _, name := range []string{"access: ", "manifests: ", "images: "} {
		assert.ErrorContains(t, err, name)
	}
}

// What lives in a namespace cannot be tried before the namespace exists; that is no problem, but it is said.
func TestANamespaceThatDoesNotExistYet(t *testing.T) {
	s, input := ready(t)
	delete(s.objects, cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: "shop"})
	s.refused["web"] = "namespace not found"
	report := Run(t.Context(), s, nil, input)
	require.NoError(t, report.Err())
	for _, check := range report.Checks {
		if check.Name == "manifests" {
			assert.Equal(t, "1 objects accepted; 1 could not be tried, since their namespace does not exist yet", check.Detail)
		}
	}
}

// A check that cannot be made is a problem, not a pass.
func TestASecretIsNamedAndItsValueIsNot(t *testing.T) {
	s, input := ready(t)
	s.objects[cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "shop", Name: "database"}].Object["data"] = map[string]any{"url": int64(12345)}
	err := Run(t.Context(), s, nil, input).Err()
	require.ErrorContains(t, err, `"database"`)
	assert.NotContains(t, err.Error(), "12345")
}
