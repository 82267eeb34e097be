package monitoring

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// manifests is the repository's own folder: what is tested is what is deployed.
const manifests = "../../k8s"

// fake is a cluster in memory that writes down what is done to it.
type fake struct {
	objects map[cluster.Ref]*cluster.Object
	denied  map[string]bool
	done    []string
	broken  error
	answers map[string]string
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{objects: map[cluster.Ref]*cluster.Object{}, denied: map[string]bool{}, answers: map[string]string{}}
	keys := map[string]any{}
	for key, value := range map[string]string{
		"slack-webhook-url":     "https://hooks.slack.com/services/T000/B000/x8Kq2mVw5nRt7yUi",
		"pagerduty-routing-key": "4f1c9a0b7d6e5f3a2b1c0d9e8f7a6b5c",
	} {
		keys[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	f.put(t, "v1", "Secret", "alertmanager-secrets", map[string]any{"data": keys})
	return f
}

func (f *fake) put(t *testing.T, apiVersion, kind, name string, fields map[string]any) {
	t.Helper()
	object := &cluster.Object{Object: maps.Clone(fields)}
	object.SetAPIVersion(apiVersion)
	object.SetKind(kind)
	object.SetName(name)
	object.SetNamespace("team-dashboard-monitoring")
	object.SetLabels(map[string]string{"app.kubernetes.io/part-of": "team-dashboard"})
	f.objects[cluster.RefOf(object)] = object
}

func (f *fake) Get(_ context.Context, ref cluster.Ref) (*cluster.Object, error) {
	if object, ok := f.objects[ref]; ok {
		return object, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: ref.Kind}, ref.Name)
}

func (f *fake) List(_ context.Context, _, kind, namespace, _ string) ([]*cluster.Object, error) {
	var found []*cluster.Object
	for ref, object := range f.objects {
		if ref.Kind == kind && (namespace == "" || ref.Namespace == namespace) && object.GetLabels()["app.kubernetes.io/part-of"] != "" {
			found = append(found, object)
		}
	}
	slices.SortFunc(found, func(a, b *cluster.Object) int { return strings.Compare(a.GetName(), b.GetName()) })
	return found, nil
}

func (f *fake) ServiceGet(_ context.Context, _, service string, _ int, path string) (cluster.Response, error) {
	answer, ok := f.answers[service+path]
	if !ok {
		return cluster.Response{}, cluster.ErrNotServing
	}
	return cluster.Response{Status: 200, Body: []byte(answer)}, nil
}

func (f *fake) Can(_ context.Context, action cluster.Action) (bool, error) {
	return !f.denied[action.Verb+" "+action.Kind], nil
}

func (f *fake) Create(context.Context, *cluster.Object) (*cluster.Object, error) {
	return nil, errors.New("nothing here is created")
}

func (f *fake) Apply(_ context.Context, object *cluster.Object, _ cluster.ApplyOptions) (*cluster.Object, error) {
	f.done = append(f.done, "apply "+object.GetKind()+" "+object.GetName())
	f.objects[cluster.RefOf(object)] = object
	return object, nil
}

func (f *fake) Delete(_ context.Context, ref cluster.Ref) error {
	f.done = append(f.done, "delete "+ref.Kind+" "+ref.Name)
	delete(f.objects, ref)
	return nil
}

func (f *fake) WaitReady(_ context.Context, namespace string, names []string, _ workload.Options) error {
	f.done = append(f.done, "wait "+namespace+" "+strings.Join(names, ","))
	return f.broken
}

func (f *fake) WaitDaemonSetsReady(ctx context.Context, namespace string, names []string, options workload.Options) error {
	return f.WaitReady(ctx, namespace, names, options)
}

func installer(t *testing.T, f *fake) Installer {
	t.Helper()
	objects, err := render.Kustomization(context.Background(), manifests, Folder)
	require.NoError(t, err)
	return Installer{Cluster: f, Application: config.TeamDashboard(), Objects: objects}
}

func TestDeploy(t *testing.T) {
	f := newFake(t)
	f.put(t, "v1", "ConfigMap", "prometheus-rules-ofbefore", nil)
	result, err := installer(t, f).Deploy(context.Background())
	require.NoError(t, err)
	assert.Equal(t, []string{"ConfigMap prometheus-rules-ofbefore"}, result.Pruned)
	names := []string{}
	for _, component := range result.Components {
		names = append(names, component.Kind+" "+component.Name)
	}
	assert.Contains(t, names, "Deployment prometheus")
	assert.Contains(t, names, "DaemonSet node-exporter")

	// The namespaces first, then what others refer to, then the pods; nothing is deleted while it may be in use.
	assert.Equal(t, "apply Namespace team-dashboard-monitoring", f.done[0])
	last := len(f.done) - 1
	assert.Equal(t, "delete ConfigMap prometheus-rules-ofbefore", f.done[last])
	assert.Equal(t, "wait team-dashboard-node-exporter node-exporter", f.done[last-1])
}

func TestDeployIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*testing.T, *fake, *Installer)
		says   []string
	}{
		"rights": {
			func(_ *testing.T, f *fake, _ *Installer) { f.denied["create ClusterRole"] = true },
			[]string{"may not do: create ClusterRole", "administrator"}},
		"no keys": {
			func(_ *testing.T, f *fake, _ *Installer) {
				maps.DeleteFunc(f.objects, func(ref cluster.Ref, _ *cluster.Object) bool { return ref.Kind == "Secret" })
			},
			[]string{"alertmanager-secrets slack-webhook-url is missing", "alertmanager-secrets pagerduty-routing-key is missing", "setup-secrets.sh monitoring create"}},
		"a key that is none": {
			func(t *testing.T, f *fake, _ *Installer) {
				f.put(t, "v1", "Secret", "alertmanager-secrets", map[string]any{"data": map[string]any{"slack-webhook-url": "Y2hhbmdlbWU="}})
			},
			[]string{"slack-webhook-url is placeholder"}},
		"other manifests": {
			func(_ *testing.T, _ *fake, i *Installer) { i.Objects = i.Objects[len(i.Objects)-1:] },
			[]string{"no Namespace", "--manifests"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			i := installer(t, f)
			test.change(t, f, &i)
			_, err := i.Deploy(context.Background())
			require.Error(t, err)
			for _, want := range test.says {
				assert.ErrorContains(t, err, want)
			}
			assert.Empty(t, f.done)
		})
	}
}

func TestDeployThatDoesNotBecomeReadyPrunesNothing(t *testing.T) {
	f := newFake(t)
	f.put(t, "v1", "ConfigMap", "prometheus-rules-ofbefore", nil)
	f.broken = &workload.WaitError{Object: `Deployment "prometheus"`, Reason: "ErrImagePull", Message: "not found"}
	_, err := installer(t, f).Deploy(context.Background())
	assert.ErrorContains(t, err, "ErrImagePull")
	for _, line := range f.done {
		assert.NotContains(t, line, "delete")
	}
}
