package preflight

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// secrets looks whether every required key has a value. It names keys, never values.
func (i inspector) secrets(ctx context.Context) Check {
	var missing []string
	keys := 0
	for _, secret := range i.Environment.Secrets {
		absent, err := i.missingKeys(ctx, secret)
		if err != nil {
			return failed("", "%v", err)
		}
		missing = append(missing, absent...)
		keys += len(secret.Keys)
	}
	if len(missing) > 0 {
		return failed(fmt.Sprintf("scripts/deployment/setup-secrets.sh %s create", i.Environment.Name),
			"missing in namespace %q: %s", i.Environment.Namespace, strings.Join(missing, ", "))
	}
	return passed("%d secrets with %d keys are there", len(i.Environment.Secrets), keys)
}

func (i inspector) missingKeys(ctx context.Context, secret config.Secret) ([]string, error) {
	found, err := i.api.Get(ctx, cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: i.Environment.Namespace, Name: secret.Name})
	if cluster.IsNotFound(err) {
		return []string{secret.Name + " (whole secret)"}, nil
	}
	if err != nil {
		return nil, err
	}
	data, _, err := unstructured.NestedStringMap(found.Object, "data")
	if err != nil {
		return nil, fmt.Errorf("reading the keys of secret %q: its data is no map of strings", secret.Name)
	}
	var missing []string
	for _, key := range secret.Keys {
		if data[key.Name] == "" {
			missing = append(missing, secret.Name+"/"+key.Name)
		}
	}
	return missing, nil
}
