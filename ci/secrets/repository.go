package secrets

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// newKey is the journal's variable with a new key of the repository.
const newKey = "NEW_KEY"

// What k8s/data/postgres calls the volume with the repository's keys, and the database's.
const (
	keysVolume = "repository-keys"
	dataVolume = "data"
)

// tryScript lists what is in the repository.
const tryScript = "source /etc/postgresql/environment.sh && exec pgbackrest --io-timeout=10 repo-ls"

// backups is the CronJob whose pod reaches the repository.
func (s Store) backups() cluster.Ref {
	return cluster.Ref{APIVersion: "batch/v1", Kind: "CronJob", Namespace: s.Environment.Namespace, Name: "postgres-backup-full"}
}

// tryKeys has a Job reach the repository of the backups with the new keys, before anything else has them.
func tryKeys(r *rotation, ctx context.Context, changes []change) error {
	found, err := r.Cluster.Get(ctx, r.backups())
	if err != nil {
		return err
	}
	job, err := tryJob(found, changes)
	if err != nil {
		return err
	}
	r.Progress.Info(ctx, "trying the new keys of the backups' storage")
	var printed bytes.Buffer
	succeeded, err := workload.RunJob(ctx, r.Cluster, job, workload.JobOptions{Budget: serverJobBudget, Output: &printed, Held: r.held})
	if err == nil && !succeeded {
		err = fmt.Errorf("the backups' storage does not take it: %s", refusal(printed.String()))
	}
	return err
}

// answers are the storage's; what follows in pgBackRest's log may hold a key.
var answers = regexp.MustCompile(`ERROR: \[\d+\]: [^:\n]+`)

func refusal(log string) string {
	if answer := answers.FindString(log); answer != "" {
		return answer
	}
	return "pgBackRest did not say why"
}

// tryJob is a Job with the pod of the backups, which has the new keys in place of the old ones, and no database.
func tryJob(backups *cluster.Object, changes []change) (*cluster.Object, error) {
	job, err := workload.JobOf(backups, component+"-repository", "/bin/bash", "-c", tryScript)
	if err != nil {
		return nil, err
	}
	volumes, err := objectsIn(job.Object, "spec", "template", "spec", "volumes")
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", cluster.RefOf(backups), err)
	}
	for _, volume := range volumes {
		if err := replaceVolume(volume, changes); err != nil {
			return nil, fmt.Errorf("reading %s: %w", cluster.RefOf(backups), err)
		}
	}
	unstructured.RemoveNestedField(job.Object, "spec", "template", "spec", "affinity")
	return job, nil
}

// objectsIn are the objects of a list, not copied; there must be one.
func objectsIn(object map[string]any, path ...string) ([]map[string]any, error) {
	field, _, err := unstructured.NestedFieldNoCopy(object, path...)
	if err != nil {
		return nil, err
	}
	list, _ := field.([]any)
	objects := make([]map[string]any, len(list))
	for i, element := range list {
		objects[i], _ = element.(map[string]any)
	}
	if len(objects) == 0 || slices.ContainsFunc(objects, func(o map[string]any) bool { return o == nil }) {
		return nil, fmt.Errorf("%s is no list of objects", strings.Join(path, "."))
	}
	return objects, nil
}

// replaceVolume puts an empty folder in the place of the database, and the new keys among the old ones.
func replaceVolume(volume map[string]any, changes []change) error {
	secret, hasSecret := volume["secret"].(map[string]any)
	switch {
	case volume["name"] == dataVolume:
		maps.DeleteFunc(volume, func(field string, _ any) bool { return field != "name" })
		volume["emptyDir"] = map[string]any{}
	case volume["name"] == keysVolume && hasSecret:
		projected, err := withNew(secret, changes)
		if err != nil {
			return err
		}
		delete(volume, "secret")
		volume["projected"] = projected
	}
	return nil
}

// withNew are the files of a Secret, of which the journal's Secret gives those that change.
func withNew(secret map[string]any, changes []change) (projected map[string]any, err error) {
	items, err := objectsIn(secret, "items")
	if err != nil {
		return nil, err
	}
	files := map[string][]any{} // by the Secret that they are of
	owner, _ := secret["secretName"].(string)
	for _, item := range items {
		source := owner
		at := slices.IndexFunc(changes, func(c change) bool { return c.Secret == owner && c.Key == item["key"] })
		if at >= 0 {
			source, item["key"] = journalName, changes[at].variable(newKey)
		}
		files[source] = append(files[source], item)
	}
	var sources []any
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sources = append(sources, map[string]any{"secret": map[string]any{"name": name, "items": files[name]}})
	}
	projected = map[string]any{"sources": sources}
	if mode, ok := secret["defaultMode"]; ok {
		projected["defaultMode"] = mode
	}
	return projected, nil
}
