package preflight

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// secrets looks whether every required key has a value that serves, as `secrets verify` does. It names keys and what is
// wrong, never values.
func (i inspector) secrets(ctx context.Context) Check {
	var missing, unfit []string
	keys := 0
	for _, secret := range i.Environment.Secrets {
		values, err := i.values(ctx, secret.Name)
		if err != nil {
			return failed("", "%v", err)
		}
		if values == nil {
			missing = append(missing, secret.Name+" (whole secret)")
			continue
		}
		for _, key := range secret.Keys {
			switch problem := config.CheckValue(key, values[key.Name]); {
			case values[key.Name] == "":
				missing = append(missing, secret.Name+"/"+key.Name)
			case problem != nil:
				unfit = append(unfit, secret.Name+"/"+problem.Error())
			}
		}
		keys += len(secret.Keys)
	}
	if len(missing)+len(unfit) == 0 {
		return passed("%d secrets with %d keys are there and serve", len(i.Environment.Secrets), keys)
	}
	return i.unready(missing, unfit)
}

// unready says all that is wrong, and the command that mends it.
func (i inspector) unready(missing, unfit []string) Check {
	fix := fmt.Sprintf("scripts/deployment/setup-secrets.sh %s create", i.Environment.Name)
	var problems []string
	if len(missing) > 0 {
		problems = append(problems, "missing: "+strings.Join(missing, ", "))
	}
	if len(unfit) > 0 {
		fix += " --overwrite"
		problems = append(problems, "unusable: "+strings.Join(unfit, ", "))
	}
	return failed(fix, "in namespace %q: %s", i.Environment.Namespace, strings.Join(problems, "; "))
}

// values are those of a Secret; nil when there is no such Secret.
func (i inspector) values(ctx context.Context, name string) (map[string]string, error) {
	found, err := i.api.Get(ctx, cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: i.Environment.Namespace, Name: name})
	if cluster.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data, _, err := unstructured.NestedStringMap(found.Object, "data")
	if err != nil {
		return nil, fmt.Errorf("reading the keys of secret %q: its data is no map of strings", name)
	}
	values := map[string]string{}
	for key, encoded := range data {
		value, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, fmt.Errorf("reading key %q of secret %q: not base64", key, name)
		}
		values[key] = string(value)
	}
	return values, nil
}
