package access

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/kube"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/s3"
)

// Exports are the lines of shell that make a terminal use the lab. engine is
// the address of the lab's own engine, path the caller's PATH.
func (a Access) Exports(h *host.Host, engine, path string) string {
	if !a.OwnEngine() {
		engine = a.Engine
	}
	variables := [][2]string{
		{"PATH", withFolder(path, h.Bin())},
		{"_EXPERIMENTAL_DAGGER_RUNNER_HOST", engine},
		{"DO_NOT_TRACK", "1"},
		{"DAGGER_NO_NAG", "1"},
		{"DAGGER_NO_UPDATE_CHECK", "1"},
		{"KUBECONFIG", a.kubeconfig(h)},
		{"TEAM_DASHBOARD_LAB_DIR", h.Root},
	}
	if a.OwnCluster() {
		variables = append(variables,
			[2]string{"TEAM_DASHBOARD_LAB_DEPLOYER_KUBECONFIG", kube.DeployerKubeconfig(h)},
			[2]string{"TEAM_DASHBOARD_LAB_AUDIT_LOG", kube.AuditLog(h)},
			[2]string{"TEAM_DASHBOARD_LAB_S3_ACCESS_KEY_FILE", s3.AccessKeyFile(h)},
			[2]string{"TEAM_DASHBOARD_LAB_S3_SECRET_KEY_FILE", s3.SecretKeyFile(h)})
	}
	var text strings.Builder
	for _, variable := range variables {
		fmt.Fprintf(&text, "export %s=%s\n", variable[0], quote(variable[1]))
	}
	return text.String()
}

// withFolder puts a folder at the head of a PATH, once.
func withFolder(path, folder string) string {
	list := slices.DeleteFunc(strings.Split(path, string(os.PathListSeparator)), func(entry string) bool {
		return entry == folder || entry == ""
	})
	return strings.Join(append([]string{folder}, list...), string(os.PathListSeparator))
}

// quote makes a word of a shell out of any text.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
