package preflight

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// server is an API server whose admission refuses, changes or warns of what is tried.
type server struct {
	*clustertest.Server
	client *clustertest.Client
	// admit is asked of objects by their names; of pods by those of their workloads and a hyphen, as in generateName.
	admit  map[string]func(*cluster.Object) error
	warned map[string]string
}

func (s server) cluster() *cluster.Cluster {
	return cluster.New(&url.URL{Scheme: "https", Host: "api.example:6443"}, s)
}

// RoundTrip does admission for dry runs.
func (s server) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Query().Get("dryRun") == "" {
		return s.client.RoundTrip(request)
	}
	body, _ := io.ReadAll(request.Body)
	var object cluster.Object
	if err := object.UnmarshalJSON(body); err != nil {
		return nil, err
	}
	name := object.GetName() + object.GetGenerateName()
	if admit := s.admit[name]; admit != nil {
		if err := admit(&object); err != nil {
			return refuse(request, err), nil
		}
	}
	body, _ = object.MarshalJSON()
	request.Body = io.NopCloser(bytes.NewReader(body))
	response, err := s.client.RoundTrip(request)
	if warning := s.warned[name]; warning != "" && err == nil {
		response.Header.Set("Warning", fmt.Sprintf("299 - %q", warning))
	}
	return response, err
}

func refuse(request *http.Request, err error) *http.Response {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		status = apierrors.NewInternalError(err)
	}
	answer := status.Status()
	answer.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	content, _ := json.Marshal(answer)
	return &http.Response{StatusCode: int(answer.Code), Header: http.Header{}, Request: request, Body: io.NopCloser(bytes.NewReader(content))}
}

func always(err error) func(*cluster.Object) error { return func(*cluster.Object) error { return err } }

type registry struct{ err error }

func (r registry) Verify(context.Context, release.Release, []string) error { return r.err }

func (r registry) Resolve(_ context.Context, ref string) (string, error) {
	return "", fmt.Errorf("resolving image %q: not found", ref)
}

type fields = map[string]any

func object(apiVersion, kind, namespace, name string, more fields) *cluster.Object {
	made := &cluster.Object{Object: fields{}}
	for key, value := range more {
		made.Object[key] = value
	}
	made.SetAPIVersion(apiVersion)
	made.SetKind(kind)
	made.SetNamespace(namespace)
	made.SetName(name)
	return made
}

// deployment runs one container with requests and a limit.
func deployment(name string) *cluster.Object {
	return object("apps/v1", "Deployment", "shop", name, fields{"spec": fields{"selector": fields{"matchLabels": fields{"app": name}}, "template": fields{
		"metadata": fields{"labels": fields{"app": name}},
		"spec": fields{"serviceAccountName": name, "containers": []any{fields{"name": name, "image": "registry.example/" + name + ":v1@sha256:abc",
			"resources": fields{"requests": fields{"cpu": "250m", "memory": "64Mi"}, "limits": fields{"memory": "128Mi"}}}}},
	}}})
}

// ready is a server on which a deploy of input would work.
func ready() (server, Input) {
	namespace := object("v1", "Namespace", "", "shop", nil)
	namespace.SetLabels(map[string]string{"app.kubernetes.io/part-of": "shop"})
	api := clustertest.NewServer()
	api.Put(namespace)
	s := server{Server: api, client: api.NewClient(), admit: map[string]func(*cluster.Object) error{}, warned: map[string]string{}}
	return s, Input{
		Application: "shop", Platforms: []string{"linux/amd64"}, Objects: []*cluster.Object{namespace, deployment("web")}, Replicas: map[string]int{"web": 3},
		Environment: config.Environment{Name: "production", Namespace: "shop"}, Release: release.Release{Version: "v1"},
		Checks: []Check{{"restore", func(_ context.Context, environment config.Environment) (string, error) {
			return "no restore in " + environment.Name, nil
		}}},
	}
}

// run is Run on a clock that passes while the API server is asked again.
func run(t *testing.T, s server, images Images, input Input) (report Report) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { report = Run(t.Context(), s.cluster(), images, input) })
	return report
}

// found is what the named check of a run found.
func found(t *testing.T, report Report, name string) Finding {
	t.Helper()
	for _, check := range report.Checks {
		if check.Name == name {
			return check
		}
	}
	require.Fail(t, "no such check", name)
	return Finding{}
}

func TestEverythingIsReady(t *testing.T) {
	s, input := ready()
	report := run(t, s, registry{}, input)
	require.NoError(t, report.Err())
	assert.Len(t, report.Checks, 8)
	assert.Empty(t, report.Warnings())
	assert.Empty(t, report.Recreate)
	assert.Equal(t, "no restore in production", found(t, report, "restore").Detail)
	assert.Len(t, run(t, s, nil, input).Checks, 7, "without a registry there is nothing to ask it")
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
	s, input := ready()
	input.Release.Images = map[string]string{"web": "registry.example:5000/shop/web@sha256:abc"}
	pod := fields{"containers": []any{
		fields{"name": "web", "image": "registry.example:5000/shop/web@sha256:abc"},
		fields{"name": "database", "image": "registry.example:5000/shop/postgres:17-0123@sha256:def"},
		fields{"name": "cache", "image": "docker.io/library/redis:8@sha256:fed"},
	}}
	input.Objects = append(input.Objects, object("apps/v1", "StatefulSet", "shop", "stores", fields{"spec": fields{"selector": fields{}, "template": fields{"spec": pod}}}))
	images := asked{images: map[string]string{}}
	require.NoError(t, run(t, s, images, input).Err())
	assert.Equal(t, map[string]string{
		"web": "registry.example:5000/shop/web@sha256:abc", "postgres": "registry.example:5000/shop/postgres:17-0123@sha256:def",
	}, images.images)
}

func TestEachProblemIsFound(t *testing.T) {
	quota := func(hard, used fields) *cluster.Object {
		return object("v1", "ResourceQuota", "shop", "small", fields{"status": fields{"hard": hard, "used": used}})
	}
	for _, test := range []struct {
		name    string
		prepare func(s server, input *Input) Images
		want    []string
	}{
		{"access", func(s server, _ *Input) Images { s.Forbid("Lease"); return nil }, []string{"create Lease", "update Lease", "an administrator"}},
		{"namespace", func(s server, _ *Input) Images {
			s.Put(object("v1", "Namespace", "", "shop", nil))
			return nil
		}, []string{"nobody is named as its owner", "kubectl label namespace shop"}},
		{"images", func(server, *Input) Images { return registry{errors.New("image not found")} }, []string{"image not found"}},
		{"images", func(_ server, input *Input) Images {
			store := object("apps/v1", "StatefulSet", "shop", "database", fields{"spec": fields{"selector": fields{}, "template": fields{"spec": fields{
				"containers": []any{fields{"name": "database", "image": "registry.example/database:17"}},
			}}}})
			input.Objects = append(input.Objects, store)
			return registry{}
		}, []string{`resolving image "registry.example/database:17": not found`}},
		{"restore", func(_ server, input *Input) Images {
			input.Checks[0].Ask = func(context.Context, config.Environment) (string, error) {
				return "", errors.New("the database is being restored")
			}
			return nil
		}, []string{"restore: the database is being restored"}},
		{"manifests", func(s server, _ *Input) Images {
			s.admit["web"] = always(apierrors.NewInvalid(schema.GroupKind{Kind: "Deployment"}, "web", nil))
			return nil
		}, []string{`"web" is invalid`, "correct the manifests"}},
		{"pods", func(s server, _ *Input) Images {
			s.admit["web-"] = always(forbidden("web-x7x", "maximum memory usage per Container is 64Mi, but limit is 128Mi"))
			return nil
		}, []string{`Deployment "web" in namespace "shop" would get no pod: maximum memory usage per Container is 64Mi, but limit is 128Mi`}},
		{"capacity", func(s server, _ *Input) Images {
			s.Put(quota(fields{"cpu": "1", "limits.memory": "1Gi", "pods": "10"}, fields{"cpu": "500m", "limits.memory": "0", "pods": "8"}))
			return nil
		}, []string{"leaves 500m of cpu, needed are 750m", "leaves 2 of pods, needed are 3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, input := ready()
			images := test.prepare(s, &input)
			report := run(t, s, images, input)
			for _, check := range report.Checks {
				assert.Equal(t, check.Name != test.name, check.OK, "%s: %s", check.Name, check.Detail)
			}
			for _, want := range test.want {
				assert.ErrorContains(t, report.Err(), want)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	s, input := ready()
	s.Forbid("Lease")
	s.admit["web"] = always(apierrors.NewBadRequest("no"))
	err := run(t, s, registry{errors.New("gone")}, input).Err()
	for _, want := range []string{"access: ", "manifests: ", "images: ", "nothing was changed"} {
		assert.ErrorContains(t, err, want)
	}
}

// What lives in a namespace cannot be tried before the namespace exists; that is no problem, but it is said.
func TestANamespaceThatDoesNotExistYet(t *testing.T) {
	s, input := ready()
	s.Remove(cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: "shop"})
	missing := always(apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "shop"))
	s.admit["web"], s.admit["web-"] = missing, missing
	report := run(t, s, nil, input)
	require.NoError(t, report.Err())
	assert.Equal(t, "1 objects accepted by a server-side dry run; 1 could not be tried, since their namespace does not exist yet", found(t, report, "manifests").Detail)
	assert.Equal(t, "none could be tried, since the namespace does not exist yet", found(t, report, "pods").Detail)
	assert.Equal(t, "3 new pods, and no quota in the namespace", found(t, report, "capacity").Detail)
}
