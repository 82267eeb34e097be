package secrets_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/secrets"
)

// What another controller keeps is refused by its name before anything is written, by every command that would write it.
func TestSecretsOfOtherControllersAreLeftToThem(t *testing.T) {
	label := func(key, value string) func(*cluster.Object) {
		return func(o *cluster.Object) { o.SetLabels(map[string]string{key: value}) }
	}
	annotation := func(key string) func(*cluster.Object) {
		return func(o *cluster.Object) { o.SetAnnotations(map[string]string{key: "x"}) }
	}
	owner := func(apiVersion, kind string) func(*cluster.Object) {
		return func(o *cluster.Object) {
			o.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: "jwt", UID: "1"}})
		}
	}
	manager := func(name, fields string) func(*cluster.Object) {
		return func(o *cluster.Object) {
			o.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: name, Operation: metav1.ManagedFieldsOperationApply, APIVersion: "v1",
				FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: []byte(fields)}}})
		}
	}
	const data, marks = `{"f:data":{"f:JWT_SECRET":{}}}`, `{"f:metadata":{"f:labels":{}}}`
	for name, test := range map[string]struct {
		mark func(*cluster.Object)
		says string
	}{
		"External Secrets":         {owner("external-secrets.io/v1", "ExternalSecret"), `ExternalSecret "jwt" (external-secrets.io/v1)`},
		"External Secrets, merged": {annotation("reconcile.external-secrets.io/data-hash"), "External Secrets"},
		"Sealed Secrets":           {owner("bitnami.com/v1alpha1", "SealedSecret"), `SealedSecret "jwt"`},
		"Vault":                    {owner("secrets.hashicorp.com/v1beta1", "VaultStaticSecret"), `VaultStaticSecret "jwt"`},
		"Argo CD":                  {annotation("argocd.argoproj.io/tracking-id"), "Argo CD"},
		"Flux":                     {label("kustomize.toolkit.fluxcd.io/name", "apps"), "Flux"},
		"Helm":                     {label("app.kubernetes.io/managed-by", "Helm"), "Helm"},
		"the fields of Argo CD":    {manager("argocd-controller", data), "Argo CD"},
		"Terraform":                {manager("Terraform", data), "Terraform"},
		"a label of Argo CD":       {manager("argocd-controller", marks), ""},
		"a person":                 {manager("kubectl-edit", data), ""},
		"nobody":                   {func(*cluster.Object) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(t *testing.T, l *lab) {
				secret := l.Get(ref("v1", "Secret", "agent-manager-secrets"))
				test.mark(secret)
				l.Put(secret)
				overwrite := func() error {
					_, err := l.store().Create(t.Context(), "JWT_SECRET=another0another0another0another0another0", secrets.CreateOptions{Overwrite: true})
					return err
				}
				rotate := func() error { return l.rotate(secrets.RotateOptions{Keys: []string{"JWT_SECRET"}, Generate: true}) }
				for _, command := range []func() error{rotate, overwrite} {
					if test.says == "" {
						require.NoError(t, command())
						continue
					}
					err := l.refuses(command)
					assert.ErrorContains(t, err, `Secret "agent-manager-secrets" is kept by `+test.says)
					assert.ErrorContains(t, err, "change them where they come from")
				}
				other := secrets.RotateOptions{Keys: []string{"NEXTAUTH_SECRET"}, Generate: true}
				assert.NoError(t, l.rotate(other), "the other Secrets are ours")
			})
		})
	}
}
