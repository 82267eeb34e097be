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

// ScaleVersion is Scale on condition that the Deployment or StatefulSet is still the one that was read. IsConflict tells that
// it is not.
func (c *Cluster) ScaleVersion(ctx context.Context, read *Object, replicas int) error {
	document := map[string]any{"metadata": map[string]any{"resourceVersion": read.GetResourceVersion()}, "spec": map[string]any{"replicas": replicas}}
	_, err := c.patch(ctx, RefOf(read), mergePatch, document, once, "scale")
	return err
}
