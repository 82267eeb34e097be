package preflight

import (
	"context"
	"fmt"
	"time"
)

// credentials looks whether the API server will know the kubeconfig's user until the run has ended. Who loses its
// rights in the middle can neither go on nor go back.
func (i inspector) credentials(context.Context) Finding {
	if i.CredentialsExpire.IsZero() {
		return of("whether the kubeconfig's credentials expire cannot be told", nil)
	}
	left := time.Until(i.CredentialsExpire).Round(time.Second)
	valid := fmt.Sprintf("the kubeconfig's credentials are valid for another %s, until %s", left, i.CredentialsExpire.UTC().Format(time.RFC3339))
	const fix = "get a new kubeconfig, such as one with the token of kubectl create token deployer --duration 8h"
	switch {
	case left < i.Least:
		return of("", fmt.Errorf("%s, and a run takes %s at the least; %s", valid, i.Least, fix))
	case left < i.Most:
		finding := of(valid, nil)
		finding.Warnings = []string{fmt.Sprintf("%s, and a run may take %s; %s", valid, i.Most, fix)}
		return finding
	}
	return of(valid, nil)
}
