// Package access is what people and their tools need to use the lab: where
// the engine and the cluster are, and with which credentials.
package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/kube"
)

// An Access says whose engine and cluster "lab up" has brought together. The
// zero value is the lab's own.
type Access struct {
	// Engine is the address of an engine that is not the lab's.
	Engine string `json:"engine,omitempty"`

	// Kubeconfig is the absolute path of a kubeconfig that is not the lab's.
	Kubeconfig string `json:"kubeconfig,omitempty"`
}

// OwnEngine says whether the lab runs the engine itself.
func (a Access) OwnEngine() bool { return a.Engine == "" }

// OwnCluster says whether the lab runs the cluster itself.
func (a Access) OwnCluster() bool { return a.Kubeconfig == "" }

// Load returns what the last "lab up" decided.
func Load(h *host.Host) (Access, error) {
	var a Access
	text, err := os.ReadFile(file(h))
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("reading %q: %w; run the lab's up", file(h), err)
	}
	return a, nil
}

// Save keeps the decision for the commands that follow.
func (a Access) Save(h *host.Host) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	_, err = host.Write(file(h), append(text, '\n'), 0o644)
	return err
}

// Forget drops the decision, and takes the lab's .env out of the repository.
func Forget(h *host.Host) error {
	return errors.Join(os.RemoveAll(file(h)), removeDotEnv(h))
}

func file(h *host.Host) string { return h.State("access.json") }

// kubeconfig is the file that reaches the cluster.
func (a Access) kubeconfig(h *host.Host) string {
	if a.OwnCluster() {
		return kube.Kubeconfig(h)
	}
	return a.Kubeconfig
}
