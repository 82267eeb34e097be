package backup

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// What k8s/data/postgres calls its objects.
const (
	statefulSet = "postgres"
	cronJob     = "postgres-backup-full"
	dataVolume  = "data"
	scripts     = "/etc/postgresql/"
)

// ask runs backup.sh and reads the list that it ends with, and returns all that it printed besides.
func (d Database) ask(ctx context.Context, name, doing, argument string) (list List, text string, err error) {
	server, err := d.server(ctx)
	if err != nil {
		return List{}, "", err
	}
	job, err := d.job(ctx, name, "backup.sh", argument)
	if err != nil {
		return List{}, "", err
	}
	if !ready(server) {
		// The repository alone can be asked: the volume may be gone, and with it the node to run on.
		place(job, map[string]any{"emptyDir": map[string]any{}}, false)
	}
	text, err = d.run(ctx, job, doing)
	if err != nil {
		return List{}, text, err
	}
	list, err = d.parse(text)
	if err != nil {
		return List{}, text, fmt.Errorf("%s of %s: %w", doing, d.Environment.Name, err)
	}
	return list, text, nil
}

// run returns what the Job printed, also when it failed. Its error carries the Job's own.
func (d Database) run(ctx context.Context, job *cluster.Object, doing string) (string, error) {
	var text bytes.Buffer
	succeeded, err := workload.RunJob(ctx, d.Cluster, job, workload.JobOptions{Budget: d.Timeout, Output: io.MultiWriter(&text, d.Output), Held: d.held})
	if err == nil && !succeeded {
		err = fmt.Errorf("%s", lastWords(text.String()))
	}
	if err != nil {
		err = fmt.Errorf("%s of %s: %w", doing, d.Environment.Name, err)
	}
	return text.String(), err
}

// job is a Job with the pod of the backups' CronJob that runs one of its scripts.
func (d Database) job(ctx context.Context, name, script string, arguments ...string) (*cluster.Object, error) {
	source, err := d.find(ctx, cluster.Ref{APIVersion: "batch/v1", Kind: "CronJob", Namespace: d.Environment.Namespace, Name: cronJob})
	if err != nil {
		return nil, err
	}
	command := append([]string{"/bin/bash", scripts + script}, arguments...)
	job, err := workload.JobOf(source, "postgres-"+name, command...)
	if err != nil {
		return nil, err
	}
	job.SetNamespace(d.Environment.Namespace) // manifests say none
	return job, nil
}

// place gives the pod of a Job another data volume, on the node of the database or on any.
func place(job *cluster.Object, volume map[string]any, beside bool) {
	pod := []string{"spec", "template", "spec"}
	volumes, _, _ := unstructured.NestedSlice(job.Object, append(pod, "volumes")...)
	for _, entry := range volumes {
		if known := entry.(map[string]any); known["name"] == dataVolume {
			delete(known, "persistentVolumeClaim")
			for key, value := range volume {
				known[key] = value
			}
		}
	}
	_ = unstructured.SetNestedSlice(job.Object, volumes, append(pod, "volumes")...)
	if !beside {
		unstructured.RemoveNestedField(job.Object, append(pod, "affinity")...)
	}
}

// writable lets the Job write the data volume, which backups only read.
func writable(job *cluster.Object) {
	path := []string{"spec", "template", "spec", "containers"}
	containers, _, _ := unstructured.NestedSlice(job.Object, path...)
	container := containers[0].(map[string]any)
	mounts, _ := container["volumeMounts"].([]any)
	container["volumeMounts"] = slices.DeleteFunc(mounts, func(entry any) bool {
		mount := entry.(map[string]any)
		if mount["name"] == dataVolume {
			delete(mount, "readOnly")
		}
		return mount["subPath"] != nil
	})
	_ = unstructured.SetNestedSlice(job.Object, containers, path...)
}

// find reads an object from the cluster, or from the manifests where the cluster does not have it.
func (d Database) find(ctx context.Context, ref cluster.Ref) (*cluster.Object, error) {
	found, err := d.Cluster.Get(ctx, ref)
	if !cluster.IsNotFound(err) {
		return found, err
	}
	objects, err := d.Manifests(ctx)
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if cluster.RefOf(object) == ref {
			return object, nil
		}
	}
	return nil, fmt.Errorf("looking for %s: neither the cluster nor the data layer of %s has it", ref, d.Environment.Name)
}

// server is the StatefulSet of the database; nil where there is none.
func (d Database) server(ctx context.Context) (*cluster.Object, error) {
	return d.present(ctx, d.ref("StatefulSet", statefulSet))
}

func (d Database) ref(kind, name string) cluster.Ref {
	version := "v1"
	if kind == "StatefulSet" {
		version = "apps/v1"
	}
	return cluster.Ref{APIVersion: version, Kind: kind, Namespace: d.Environment.Namespace, Name: name}
}

// ready says whether a StatefulSet has its pod. It is ready only after a recovery has ended (hot_standby is off).
func ready(set *cluster.Object) bool {
	if set == nil {
		return false
	}
	count, _, _ := unstructured.NestedInt64(set.Object, "status", "readyReplicas")
	observed, _, _ := unstructured.NestedInt64(set.Object, "status", "observedGeneration")
	return count > 0 && observed >= set.GetGeneration()
}
