package access

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/registry"
)

// marker is the first line of a .env that the lab may rewrite and remove.
const marker = "# Written by the lab (make lab); make lab-down removes it. Delete this line to keep the file as your own.\n"

// names are the names under which the application is reached.
var names = []string{"team-dashboard.app", "www.team-dashboard.app", "staging.team-dashboard.app"}

// dotEnv is a .env by which a bare "dagger call deploy" uses the lab. Dagger
// takes arguments of the module's constructor from it: the variable's name is
// the module's, in snake case and any letter case, an underscore, and the
// argument's name without any more underscores.
func (a Access) dotEnv(h *host.Host) string {
	var text strings.Builder
	set := func(argument, value string) { fmt.Fprintf(&text, "TEAM_DASHBOARD_%s=%s\n", argument, value) }

	text.WriteString(marker)
	set("SOURCE", "ci/e2e/testdata/team-dashboard")
	// Dagger expands the variable: with it, calls are made as somebody else than the admin.
	set("KUBECONFIG", "file://${TEAM_DASHBOARD_LAB_KUBECONFIG:-"+a.kubeconfig(h)+"}")
	if a.OwnEngine() || a.OwnCluster() {
		set("REGISTRYUSERNAME", registry.User)
		set("REGISTRYPASSWORD", "file://"+registry.PasswordFile(h))
	}
	if a.OwnCluster() {
		set("CA", h.State("pki", "ca.crt"))
		var hosts []string
		for _, name := range names {
			hosts = append(hosts, name+"="+network.NodeAddress)
		}
		set("RESOLVE", strings.Join(hosts, ","))
	}
	return text.String()
}

// WriteDotEnv writes the repository's .env, unless there is one that somebody
// else wrote; it says whether it did.
func (a Access) WriteDotEnv(h *host.Host) (written bool, err error) {
	ours, err := mayWrite(dotEnvFile(h))
	if err != nil || !ours {
		return false, err
	}
	_, err = host.Write(dotEnvFile(h), []byte(a.dotEnv(h)), 0o600)
	return err == nil, err
}

// removeDotEnv removes the .env if the lab wrote it.
func removeDotEnv(h *host.Host) error {
	ours, err := mayWrite(dotEnvFile(h))
	if err != nil || !ours {
		return err
	}
	if err := os.Remove(dotEnvFile(h)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func dotEnvFile(h *host.Host) string { return filepath.Join(h.Repo, ".env") }

func mayWrite(file string) (bool, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return bytes.HasPrefix(text, []byte(marker)), err
}
