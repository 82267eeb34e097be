package secrets

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/codingbutter/team-dashboard/ci/cluster"
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
	found, err := r.api.Get(ctx, r.backups())
	if err != nil {
		return err
	}
	var backups batchv1.CronJob
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(found.Object, &backups); err != nil {
		return fmt.Errorf("reading %s: %w", r.backups(), err)
	}
	job, err := r.tryJob(backups, changes)
	if err != nil {
		return err
	}
	r.Progress.Info(ctx, "trying the new keys of the backups' storage")
	var printed bytes.Buffer
	succeeded, err := r.api.RunJob(ctx, job, cluster.JobOptions{Budget: serverJobBudget, Output: &printed})
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
func (r *rotation) tryJob(backups batchv1.CronJob, changes []change) (*cluster.Object, error) {
	template := backups.Spec.JobTemplate.Spec.Template
	pod := &template.Spec
	pod.Affinity = nil
	pod.Containers[0].Command = []string{"/bin/bash", "-c", tryScript}
	for i, volume := range pod.Volumes {
		switch {
		case volume.Name == dataVolume:
			pod.Volumes[i].VolumeSource = corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
		case volume.Name == keysVolume && volume.Secret != nil:
			pod.Volumes[i].VolumeSource = corev1.VolumeSource{Projected: withNew(volume.Secret, changes)}
		}
	}
	job := batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Name: component + "-repository", Namespace: r.Environment.Namespace, Labels: backups.Labels},
		Spec: batchv1.JobSpec{
			BackoffLimit:            new(int32(0)),
			ActiveDeadlineSeconds:   new(int64(serverJobBudget.Seconds())),
			TTLSecondsAfterFinished: new(int32(600)),
			Template:                template,
		},
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&job)
	return &cluster.Object{Object: object}, err
}

// withNew are the files of a Secret, of which the journal's Secret gives those that change.
func withNew(secret *corev1.SecretVolumeSource, changes []change) *corev1.ProjectedVolumeSource {
	sources := []corev1.VolumeProjection{
		{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: secret.SecretName}}},
		{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: journalName}}},
	}
	for _, item := range secret.Items {
		at := slices.IndexFunc(changes, func(c change) bool { return c.Secret == secret.SecretName && c.Key == item.Key })
		if at < 0 {
			sources[0].Secret.Items = append(sources[0].Secret.Items, item)
			continue
		}
		sources[1].Secret.Items = append(sources[1].Secret.Items, corev1.KeyToPath{Key: changes[at].variable(newKey), Path: item.Path})
	}
	// A source without items would give all that its Secret has.
	sources = slices.DeleteFunc(sources, func(source corev1.VolumeProjection) bool { return len(source.Secret.Items) == 0 })
	return &corev1.ProjectedVolumeSource{Sources: sources, DefaultMode: secret.DefaultMode}
}
