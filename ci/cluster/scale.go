package cluster

import "context"

// Scale sets the number of replicas of a Deployment without touching the rest of it. The number is not among the
// fields of Apply, so an Apply that leaves replicas out keeps it.
func (c *Cluster) Scale(ctx context.Context, namespace, deployment string, replicas int) error {
	ref := Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: deployment}
	document := map[string]any{"spec": map[string]any{"replicas": replicas}}
	_, err := c.patch(ctx, ref, mergePatch, document, c.timing.retry, "scale")
	return err
}

// ScaleVersion is Scale of the very version of a Deployment or StatefulSet that was read, and says whether that changed it.
// IsConflict tells that there is a newer one.
func (c *Cluster) ScaleVersion(ctx context.Context, read *Object, replicas int) (changed bool, err error) {
	document := map[string]any{"spec": map[string]any{"replicas": replicas}}
	scale, err := c.patch(ctx, RefOf(read), mergePatch, ofVersion(document, read), c.timing.retry, "scale")
	return err == nil && scale.GetResourceVersion() != read.GetResourceVersion(), err
}
