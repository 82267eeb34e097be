package secrets

import (
	"context"
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// Ready is the check of a deploy that every required key has a value that serves, as Verify finds it. It names keys and
// what is wrong, never values.
func (s Store) Ready(ctx context.Context) (string, error) {
	current, err := s.read(ctx)
	if err != nil {
		return "", err
	}
	var missing, unfit []string
	keys := 0
	for _, secret := range s.Environment.Secrets {
		values, there := current[secret.Name]
		if !there {
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
		return fmt.Sprintf("%d secrets with %d keys are there and serve", len(s.Environment.Secrets), keys), nil
	}
	return "", s.unready(missing, unfit)
}

// unready says all that is wrong, and the command that fixes it.
func (s Store) unready(missing, unfit []string) error {
	fix := fmt.Sprintf("scripts/deployment/setup-secrets.sh %s create", s.Environment.Name)
	var problems []string
	if len(missing) > 0 {
		problems = append(problems, "missing: "+strings.Join(missing, ", "))
	}
	if len(unfit) > 0 {
		fix += " --overwrite"
		problems = append(problems, "unusable: "+strings.Join(unfit, ", "))
	}
	return fmt.Errorf("in namespace %q: %s; %s", s.Environment.Namespace, strings.Join(problems, "; "), fix)
}
