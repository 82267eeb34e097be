package backup

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// makeClaim makes the volume of a server that does not exist yet, as its StatefulSet would.
func (d Database) makeClaim(ctx context.Context, p destination, began string) error {
	set, err := d.find(ctx, d.ref("StatefulSet", statefulSet))
	if err != nil {
		return err
	}
	templates, _, _ := unstructured.NestedSlice(set.Object, "spec", "volumeClaimTemplates")
	for _, entry := range templates {
		template := &cluster.Object{Object: entry.(map[string]any)}
		if template.GetName() != dataVolume {
			continue
		}
		claim := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": template.Object["spec"]}}
		claim.SetName(p.claim())
		claim.SetNamespace(d.Environment.Namespace)
		claim.SetLabels(d.labels(set, p))
		claim.SetAnnotations(map[string]string{RestoreMark: p.command, RestoreBegan: began})
		_, err := d.held.Apply(ctx, claim)
		return err
	}
	return fmt.Errorf("reading %s: it has no volume claim template %q", cluster.RefOf(set), dataVolume)
}

// prepare applies what the Job of a restore needs where nothing is: all of the data layer that runs nothing.
func (d Database) prepare(ctx context.Context) error {
	return d.applyManifests(ctx, func(kind string) bool { return kind != "StatefulSet" && kind != "CronJob" })
}

func (d Database) applyManifests(ctx context.Context, wanted func(kind string) bool) error {
	objects, err := d.Manifests(ctx)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if !wanted(object.GetKind()) {
			continue
		}
		if _, err := d.held.Apply(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

// labels are those of a database: the live one's own, or such that nobody takes the other for it.
func (d Database) labels(set *cluster.Object, p destination) map[string]string {
	labels := map[string]string{}
	for key, value := range set.GetLabels() {
		labels[key] = value
	}
	if !p.live {
		// Named as backups are, which the policies let reach the repository.
		labels["app"], labels["app.kubernetes.io/name"], labels["app.kubernetes.io/component"] = p.name, "backup", "backup"
		// No deploy knows it.
		labels["app.kubernetes.io/managed-by"] = "restore"
	}
	return labels
}

// bringUp starts the server on its restored volume and waits until it has recovered. It returns when the last
// transaction was committed that it recovered.
func (d Database) bringUp(ctx context.Context, p destination) (time.Time, error) {
	var err error
	switch {
	case p.serverExists:
		_, err = d.held.Scale(ctx, d.ref("StatefulSet", p.name), 1)
	case p.live:
		err = d.applyManifests(ctx, func(string) bool { return true })
	default:
		err = d.startBeside(ctx, p)
	}
	if err != nil {
		return time.Time{}, err
	}
	if err := d.recovered(ctx, p); err != nil {
		return time.Time{}, err
	}
	return d.lastTransaction(ctx, p), nil
}

// startBeside makes a server like the live one, under its own name.
func (d Database) startBeside(ctx context.Context, p destination) error {
	live, err := d.find(ctx, d.ref("StatefulSet", statefulSet))
	if err != nil {
		return err
	}
	set := &cluster.Object{Object: map[string]any{"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": live.DeepCopy().Object["spec"]}}
	labels := d.labels(live, p)
	app := map[string]any{"app": p.name}
	set.SetName(p.name)
	set.SetNamespace(d.Environment.Namespace)
	set.SetLabels(labels)
	for _, field := range []struct {
		value any
		path  []string
	}{
		{p.name, []string{"spec", "serviceName"}},
		{int64(1), []string{"spec", "replicas"}},
		{map[string]any{"matchLabels": app}, []string{"spec", "selector"}},
		{anyMap(labels), []string{"spec", "template", "metadata", "labels"}},
	} {
		if err := unstructured.SetNestedField(set.Object, field.value, field.path...); err != nil {
			return err
		}
	}
	service := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Service", "spec": map[string]any{
		"selector": app, "ports": []any{map[string]any{"name": "postgres", "port": int64(5432), "targetPort": "postgres"}}}}}
	service.SetName(p.name)
	service.SetNamespace(d.Environment.Namespace)
	service.SetLabels(labels)
	for _, object := range []*cluster.Object{service, set} {
		if _, err := d.held.Apply(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

func anyMap(labels map[string]string) map[string]any {
	values := map[string]any{}
	for key, value := range labels {
		values[key] = value
	}
	return values
}

// recovered waits until the server takes connections, or has crashed twice.
func (d Database) recovered(ctx context.Context, p destination) error {
	return d.poll(ctx, "waiting for the server to recover", func(ctx context.Context) (bool, error) {
		set, err := d.Cluster.Get(ctx, d.ref("StatefulSet", p.name))
		if err != nil || ready(set) {
			return err == nil, err
		}
		pod, err := d.Cluster.Get(ctx, d.ref("Pod", p.pod()))
		if cluster.IsNotFound(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
		for _, entry := range statuses {
			if restarts, _, _ := unstructured.NestedInt64(entry.(map[string]any), "restartCount"); restarts < 2 {
				continue
			}
			text, _ := d.Cluster.Logs(ctx, d.Environment.Namespace, p.pod(), cluster.LogOptions{Tail: 40})
			return false, crashed(p, text)
		}
		return false, nil
	})
}

func crashed(p destination, log string) error {
	if strings.Contains(log, "recovery ended before configured recovery target was reached") {
		return fmt.Errorf("restoring into %s: the archive ends before that time, its last transaction is older; --latest restores all there is", p.name)
	}
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return fmt.Errorf("restoring into %s: the server keeps ending: %s; kubectl logs %s says more", p.name, strings.Join(lines[max(0, len(lines)-3):], " | "), p.pod())
}

// PostgreSQL's words for the last transaction of a recovery.
var lastCompleted = regexp.MustCompile(`last completed transaction was at log time (\S+ \S+)`)

func (d Database) lastTransaction(ctx context.Context, p destination) time.Time {
	text, err := d.Cluster.Logs(ctx, d.Environment.Namespace, p.pod(), cluster.LogOptions{})
	found := lastCompleted.FindAllStringSubmatch(text, -1)
	if err != nil || len(found) == 0 {
		return time.Time{}
	}
	at, _ := time.Parse("2006-01-02 15:04:05.999999-07", found[len(found)-1][1])
	return at.UTC()
}
