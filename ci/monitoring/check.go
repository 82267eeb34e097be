package monitoring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/secrets"
)

// check says before the first write why a deploy would not work. It changes nothing.
func (i Installer) check(ctx context.Context) error {
	if len(i.names("Namespace", "")) == 0 {
		return errors.New("deploying the monitoring: its manifests hold no Namespace; give the folder k8s of the repository by --manifests")
	}
	if err := i.checkRights(ctx); err != nil {
		return err
	}
	return i.checkSecrets(ctx)
}

// checkRights asks for the right to create and change each kind of object, where it is.
func (i Installer) checkRights(ctx context.Context) error {
	var lacking []string
	asked := map[cluster.Action]bool{}
	for _, object := range i.Objects {
		for _, verb := range []string{"create", "patch"} {
			right := cluster.Action{Verb: verb, APIVersion: object.GetAPIVersion(), Kind: object.GetKind(), Namespace: object.GetNamespace()}
			if asked[right] {
				continue
			}
			asked[right] = true
			allowed, err := i.Cluster.Can(ctx, right)
			if errors.Is(err, cluster.ErrUnknownKind) {
				return fmt.Errorf("deploying the monitoring: %w; install the CustomResourceDefinitions of the Prometheus operator, or leave its component out", err)
			}
			if err != nil {
				return err
			}
			if right.Namespace = ""; !allowed && !slices.Contains(lacking, right.String()) {
				lacking = append(lacking, right.String())
			}
		}
	}
	if len(lacking) > 0 {
		return fmt.Errorf("deploying the monitoring: it belongs to the cluster, and the kubeconfig's user may not do: %s; use the kubeconfig of an administrator",
			strings.Join(lacking, ", "))
	}
	return nil
}

// checkSecrets expects the keys with which people are told.
func (i Installer) checkSecrets(ctx context.Context) error {
	place := i.Application.Monitoring.Environment()
	found, err := secrets.Store{Cluster: i.Cluster, Application: i.Application, Environment: place}.Verify(ctx)
	if err != nil {
		return err
	}
	var bad []string
	for _, entry := range found.Problems() {
		bad = append(bad, fmt.Sprintf("%s %s is %s", entry.Secret, entry.Key, entry.State))
	}
	if len(bad) > 0 {
		return fmt.Errorf("deploying the monitoring: nobody would be told of an alert: %s in namespace %q; run scripts/deployment/setup-secrets.sh %s create",
			strings.Join(bad, ", "), place.Namespace, place.Name)
	}
	return nil
}
