package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// ownerMarks are labels and annotations by which other tools mark what they keep as they want it, and who they are.
var ownerMarks = []struct{ key, owner string }{
	{"reconcile.external-secrets.io/created-by", "External Secrets"},
	{"reconcile.external-secrets.io/data-hash", "External Secrets"},
	{"reconcile.external-secrets.io/managed", "External Secrets"},
	{"sealedsecrets.bitnami.com/managed", "Sealed Secrets"},
	{"sealedsecrets.bitnami.com/cluster-wide", "Sealed Secrets"},
	{"secrets.hashicorp.com/vso-ownerRefUID", "the Vault Secrets Operator"},
	{"argocd.argoproj.io/tracking-id", "Argo CD"},
	{"argocd.argoproj.io/instance", "Argo CD"},
	{"kustomize.toolkit.fluxcd.io/name", "Flux"},
	{"helm.toolkit.fluxcd.io/name", "Flux"},
	{"meta.helm.sh/release-name", "Helm"},
	{"operator.1password.io/item-path", "the 1Password Operator"},
	{"secrets.infisical.com/version", "the Infisical Operator"},
	{"secrets.doppler.com/dopplersecret", "the Doppler Operator"},
	{"reflector.v1.k8s.emberstack.com/reflects", "Reflector"},
	{"replicator.v1.mittwald.de/replicate-from", "the Kubernetes Replicator"},
	{"replicator.v1.mittwald.de/replicated-from-version", "the Kubernetes Replicator"},
}

// ownerManagers are the beginnings of the field managers of such tools.
var ownerManagers = []struct{ prefix, owner string }{
	{"externalsecrets.", "External Secrets"},
	{"external-secrets", "External Secrets"},
	{"sealed-secrets", "Sealed Secrets"},
	{"vault-secrets-operator", "the Vault Secrets Operator"},
	{"argocd", "Argo CD"},
	{"kustomize-controller", "Flux"},
	{"helm-controller", "Flux"},
	{"helm", "Helm"},
	{"Terraform", "Terraform"},
	{"terraform", "Terraform"},
	{"pulumi", "Pulumi"},
}

// foreignOwner is who else keeps a Secret as they want it: they would bring back their own value over ours, while the pods run
// with the one and the store takes the other. Empty when nobody does.
func foreignOwner(secret *cluster.Object) string {
	for _, owner := range secret.GetOwnerReferences() {
		return fmt.Sprintf("%s %q (%s)", owner.Kind, owner.Name, owner.APIVersion)
	}
	labels, annotations := secret.GetLabels(), secret.GetAnnotations()
	for _, mark := range ownerMarks {
		if labels[mark.key] != "" || annotations[mark.key] != "" {
			return mark.owner
		}
	}
	if manager := labels["app.kubernetes.io/managed-by"]; manager != "" && manager != cluster.FieldManager {
		return manager
	}
	for _, entry := range secret.GetManagedFields() {
		if entry.FieldsV1 == nil || !strings.Contains(entry.FieldsV1.GetRawString(), `"f:data"`) {
			continue
		}
		for _, known := range ownerManagers {
			if strings.HasPrefix(entry.Manager, known.prefix) {
				return known.owner
			}
		}
	}
	return ""
}

// checkOwned refuses Secrets that something else keeps as it wants them, all of them at once. It only reads.
func (s Store) checkOwned(ctx context.Context, doing string, names []string) error {
	var owned []string
	for _, name := range names {
		object, err := s.Cluster.Get(ctx, s.ref(name))
		if cluster.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if owner := foreignOwner(object); owner != "" {
			owned = append(owned, fmt.Sprintf("Secret %q is kept by %s", name, owner))
		}
	}
	if len(owned) == 0 {
		return nil
	}
	return fmt.Errorf("%s %s: %s, which would bring its own values back; nothing was changed; change them where they come from, or take the Secret away from it first",
		doing, s.Environment.Name, strings.Join(owned, ", "))
}

// checkOwners is checkOwned for the Secrets of changes.
func (r *rotation) checkOwners(ctx context.Context, changes []change) error {
	var names []string
	for _, c := range changes {
		if !slices.Contains(names, c.Secret) {
			names = append(names, c.Secret)
		}
	}
	return r.checkOwned(ctx, "rotating secrets of", names)
}

// checkWritable is checkOwned for the Secrets that a plan writes, which must not be in the middle of a rotation either.
func (s Store) checkWritable(ctx context.Context, current, wanted map[string]map[string]string) error {
	var names []string
	for _, secret := range s.Environment.Secrets {
		if !holds(current[secret.Name], wanted[secret.Name]) {
			names = append(names, secret.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	left, err := s.unfinished(ctx)
	if err != nil {
		return err
	}
	if left != nil {
		return fmt.Errorf("writing secrets of %s: a rotation is under way, or was killed, and comes first; wait for it, or finish it with: dagger call %s",
			s.Environment.Name, left.Command)
	}
	return s.checkOwned(ctx, "writing secrets of", names)
}
