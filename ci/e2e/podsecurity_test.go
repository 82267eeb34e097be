//go:build e2e

package e2e

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// TestPodSecurity asks both environments to admit pods that could harm the node. Nothing is created.
func TestPodSecurity(t *testing.T) {
	grant(t, "staging")
	grant(t, "production")
	root, privileged := int64(0), true
	for name, harmful := range map[string]struct {
		change func(*corev1.PodSpec)
		says   string
	}{
		"one that obeys": {func(*corev1.PodSpec) {}, ""},
		"privileged": {func(pod *corev1.PodSpec) {
			pod.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: &privileged}
		}, "privileged"},
		"as root": {func(pod *corev1.PodSpec) {
			pod.SecurityContext.RunAsNonRoot, pod.SecurityContext.RunAsUser = nil, &root
		}, "runAsNonRoot != true"},
		"with a folder of the node": {func(pod *corev1.PodSpec) {
			pod.Volumes = []corev1.Volume{{Name: "node", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}}}
		}, "hostPath"},
		"in the node's network": {func(pod *corev1.PodSpec) { pod.HostNetwork = true }, "hostNetwork=true"},
	} {
		for _, environment := range []string{"staging", "production"} {
			t.Run(name+" in "+environment, func(t *testing.T) {
				pod := job(environment, namespacesOf([]string{environment})[0], "backup", "").pod("")
				harmful.change(&pod.Spec)
				data, err := json.Marshal(pod)
				require.NoError(t, err)
				file := filepath.Join(t.TempDir(), "pod.json")
				write(t, file, string(data))
				got := run(t, "kubectl", "create", "--dry-run=server", "-f", file)
				if harmful.says == "" {
					assert.Zero(t, got.code, got.stderr)
					return
				}
				assert.NotZero(t, got.code, got.stdout)
				assert.Contains(t, got.stderr, `violates PodSecurity "restricted`)
				assert.Contains(t, got.stderr, harmful.says)
			})
		}
	}
}

// Who deploys cannot change that, or get at what runs.
func TestTheDeployerCannotWidenItsRights(t *testing.T) {
	for _, namespace := range []string{staging, production} {
		for _, action := range [][]string{
			{"patch", "namespaces"}, {"patch", "roles"}, {"create", "rolebindings"}, {"create", "serviceaccounts", "--subresource=token"},
			{"create", "pods", "--subresource=exec"}, {"delete", "pods"}, {"delete", "statefulsets"}, {"delete", "persistentvolumeclaims"},
		} {
			kubeconfig := labFile(t, "state/deployer.kubeconfig")
			got := run(t, "kubectl", append([]string{"--kubeconfig", kubeconfig, "-n", namespace, "auth", "can-i"}, action...)...)
			assert.Equal(t, "no\n", got.stdout, "%v in %s: %s", action, namespace, got.stderr)
		}
	}
}
