package monitoring

import (
	"context"
	"encoding/base64"
	"maps"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// manifests is the repository's own folder: what is tested is what is deployed.
const manifests = "../../k8s"

// lab is a cluster in memory, with the receivers' keys in it.
type lab struct {
	*clustertest.Server
	// answers are what Prometheus and Alertmanager say, by the path that they are asked for.
	answers map[string]string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{Server: clustertest.NewServer(), answers: map[string]string{}}
	l.Proxy = func(_, _, _, path string) (int, http.Header, string) {
		answer, ok := l.answers[path]
		if !ok {
			return http.StatusServiceUnavailable, nil, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"ServiceUnavailable","message":"no endpoints available for service","code":503}`
		}
		return http.StatusOK, nil, answer
	}
	l.put("v1", "Namespace", "team-dashboard-monitoring", nil)
	keys := map[string]any{}
	for key, value := range map[string]string{
		"slack-webhook-url":     "https://hooks.slack.com/services/T000/B000/x8Kq2mVw5nRt7yUi",
		"pagerduty-routing-key": "4f1c9a0b7d6e5f3a2b1c0d9e8f7a6b5c",
	} {
		keys[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	l.put("v1", "Secret", "alertmanager-secrets", map[string]any{"data": keys})
	return l
}

func (l *lab) put(apiVersion, kind, name string, fields map[string]any) {
	object := &cluster.Object{Object: map[string]any{}}
	maps.Copy(object.Object, fields)
	object.SetAPIVersion(apiVersion)
	object.SetKind(kind)
	object.SetName(name)
	object.SetNamespace("team-dashboard-monitoring")
	object.SetLabels(map[string]string{"app.kubernetes.io/part-of": "team-dashboard", "app.kubernetes.io/component": "monitoring", "app.kubernetes.io/managed-by": "pipeline"})
	l.Put(object)
}

// done are the writes so far: apply ConfigMap/a.
func (l *lab) done() []string {
	var done []string
	for _, write := range l.Writes() {
		done = append(done, write.String())
	}
	return done
}

func (l *lab) api() *cluster.Cluster { return l.NewClient().Cluster() }

func installer(t *testing.T, l *lab) Installer {
	t.Helper()
	objects, err := render.Kustomization(context.Background(), manifests, Folder)
	require.NoError(t, err)
	return Installer{Cluster: l.api(), Application: config.TeamDashboard(), Objects: objects, Wait: workload.Options{Budget: 5 * time.Second}}
}

func TestDeploy(t *testing.T) {
	f := newLab(t)
	f.put("v1", "ConfigMap", "prometheus-rules-ofbefore", nil)
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
	done := f.done()
	assert.Equal(t, "apply Namespace/team-dashboard-monitoring", done[0])
	assert.Equal(t, "delete ConfigMap/prometheus-rules-ofbefore", done[len(done)-1])
}

func TestDeployIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*testing.T, *lab, *Installer)
		says   []string
	}{
		"rights": {
			func(_ *testing.T, f *lab, _ *Installer) { f.Forbid("ClusterRole") },
			[]string{"may not do: create ClusterRole", "administrator"}},
		"no keys": {
			func(_ *testing.T, f *lab, _ *Installer) {
				f.Remove(cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "team-dashboard-monitoring", Name: "alertmanager-secrets"})
			},
			[]string{"alertmanager-secrets slack-webhook-url is missing", "alertmanager-secrets pagerduty-routing-key is missing", "setup-secrets.sh monitoring create"}},
		"a key that is none": {
			func(t *testing.T, f *lab, _ *Installer) {
				f.put("v1", "Secret", "alertmanager-secrets", map[string]any{"data": map[string]any{"slack-webhook-url": "Y2hhbmdlbWU="}})
			},
			[]string{"slack-webhook-url is placeholder"}},
		"other manifests": {
			func(_ *testing.T, _ *lab, i *Installer) { i.Objects = i.Objects[len(i.Objects)-1:] },
			[]string{"no Namespace", "--manifests"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newLab(t)
			i := installer(t, f)
			test.change(t, f, &i)
			_, err := i.Deploy(context.Background())
			require.Error(t, err)
			for _, want := range test.says {
				assert.ErrorContains(t, err, want)
			}
			assert.Empty(t, f.done())
		})
	}
}

func TestDeployThatDoesNotBecomeReadyPrunesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newLab(t)
		f.put("v1", "ConfigMap", "prometheus-rules-ofbefore", nil)
		f.Hanging = func(labels map[string]string) bool {
			return labels["app"] == "prometheus" || labels["app.kubernetes.io/name"] == "prometheus"
		}
		_, err := installer(t, f).Deploy(context.Background())
		assert.ErrorContains(t, err, "prometheus")
		for _, line := range f.done() {
			assert.NotContains(t, line, "delete")
		}
	})
}
