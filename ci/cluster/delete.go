package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Delete removes an object; what it owns (a Deployment's pods) is removed by the cluster afterwards. An object that
// does not exist is no error.
func (c *Cluster) Delete(ctx context.Context, ref Ref) error {
	return c.DeleteIf(ctx, ref, metav1.Preconditions{})
}

// DeleteIf is Delete of an object that still has the UID and the resource version of the preconditions. IsConflict tells
// that it has not: another one has its name, or somebody changed it. An empty precondition is none.
func (c *Cluster) DeleteIf(ctx context.Context, ref Ref, preconditions metav1.Preconditions) error {
	_, err := c.delete(ctx, ref, preconditions)
	return err
}

// DeleteVersion is Delete of the very version of an object that was read, and says whether it was there to be deleted.
// IsConflict tells that there is a newer one.
func (c *Cluster) DeleteVersion(ctx context.Context, read *Object) (deleted bool, err error) {
	uid, version := read.GetUID(), read.GetResourceVersion()
	return c.delete(ctx, RefOf(read), metav1.Preconditions{UID: &uid, ResourceVersion: &version})
}

func (c *Cluster) delete(ctx context.Context, ref Ref, preconditions metav1.Preconditions) (deleted bool, err error) {
	doing := fmt.Sprintf("deleting %s", ref)
	path, err := c.locate(ctx, ref)
	if errors.Is(err, ErrUnknownKind) {
		return false, nil
	}
	if err != nil {
		return false, explain(doing, err)
	}
	background := metav1.DeletePropagationBackground
	_, err = c.send(ctx, request{method: http.MethodDelete, path: path, contentType: "application/json",
		body: metav1.DeleteOptions{PropagationPolicy: &background, Preconditions: &preconditions}, retry: c.timing.retry})
	if IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, explain(doing, err)
	}
	return true, nil
}
