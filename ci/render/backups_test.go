package render

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// What the README says of the nights: a full backup on Sundays, a differential one on all other days, both at 02:00 UTC,
// and what is needed for any moment of the last 14 days is kept.
func TestEveryNightHasItsBackup(t *testing.T) {
	for _, environment := range config.TeamDashboard().Environments {
		objects := rendered(t, environment.Name, Data, "")
		for kind, schedule := range map[string]string{"full": "0 2 * * 0", "diff": "0 2 * * 1-6"} {
			night := as[batchv1.CronJob](t, find(t, objects, "CronJob", "postgres-backup-"+kind)).Spec
			assert.Equal(t, schedule, night.Schedule)
			assert.Equal(t, new("Etc/UTC"), night.TimeZone)
			assert.Nil(t, night.Suspend)
			assert.Equal(t, batchv1.ForbidConcurrent, night.ConcurrencyPolicy)
			pod := night.JobTemplate.Spec.Template.Spec
			assert.Equal(t, []string{"/bin/bash", "/etc/postgresql/backup.sh", kind}, pod.Containers[0].Command)
			settings := configMap(t, objects, pod.Containers[0].EnvFrom, "backup-config-")
			assert.Equal(t, "time", settings["PGBACKREST_REPO1_RETENTION_FULL_TYPE"])
			assert.Equal(t, "14", settings["PGBACKREST_REPO1_RETENTION_FULL"])
		}
	}
}

// configMap is the data of the one whose name begins so, among those that a container's variables come from.
func configMap(t *testing.T, objects []*unstructured.Unstructured, sources []corev1.EnvFromSource, prefix string) map[string]string {
	t.Helper()
	for _, source := range sources {
		if source.ConfigMapRef != nil && strings.HasPrefix(source.ConfigMapRef.Name, prefix) {
			return as[corev1.ConfigMap](t, find(t, objects, "ConfigMap", source.ConfigMapRef.Name)).Data
		}
	}
	require.Fail(t, "no variables come from "+prefix)
	return nil
}
