package cluster

import (
	"context"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// LockName is the name of the Lease that a deploying pipeline holds.
const LockName = "pipeline"

// Annotations of the Lease.
const (
	tokenAnnotation   = "team-dashboard.app/lock-token"
	commandAnnotation = "team-dashboard.app/lock-command"
)

// Paths of the Lease in JSON patches; ~1 is a slash (RFC 6901).
const (
	tokenPath   = "/metadata/annotations/team-dashboard.app~1lock-token"
	commandPath = "/metadata/annotations/team-dashboard.app~1lock-command"
	holderPath  = "/spec/holderIdentity"
	renewPath   = "/spec/renewTime"
)

func lockRef(namespace string) Ref {
	return Ref{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: namespace, Name: LockName}
}

// readLease returns an empty, unnamed Lease when there is none.
func (c *Cluster) readLease(ctx context.Context, namespace string) (*kinds.Lease, error) {
	lease := &kinds.Lease{}
	if err := c.GetInto(ctx, lockRef(namespace), lease); err != nil && !IsNotFound(err) {
		return nil, err
	}
	return lease, nil
}

// writeLease creates the Lease, or replaces the very version that was read; another writer in between is a conflict.
func (c *Cluster) writeLease(ctx context.Context, namespace string, lease *kinds.Lease) error {
	ref := lockRef(namespace)
	doing := fmt.Sprintf("taking %s", ref)
	path, err := c.locate(ctx, ref)
	if err != nil {
		return explain(doing, err)
	}
	write := request{method: http.MethodPut, path: path, contentType: "application/json", body: lease, retry: c.timing.retry}
	if lease.ResourceVersion == "" {
		found, err := c.resource(ctx, ref.APIVersion, ref.Kind)
		if err != nil {
			return explain(doing, err)
		}
		write.method, write.path = http.MethodPost, found.collection(namespace)
	}
	if _, err := c.send(ctx, write); err != nil {
		return explain(doing, err)
	}
	return nil
}

// take fills in the Lease for a new holder.
func take(lease *kinds.Lease, namespace, token string, request LockRequest) {
	now := metav1.NowMicro()
	seconds := int32(request.TTL.Round(time.Second) / time.Second)
	transitions := int32(1)
	if lease.Spec.LeaseTransitions != nil {
		transitions = *lease.Spec.LeaseTransitions + 1
	}
	lease.APIVersion, lease.Kind = "coordination.k8s.io/v1", "Lease"
	lease.Name, lease.Namespace = LockName, namespace
	lease.Spec.HolderIdentity = &request.Holder
	lease.Spec.LeaseDurationSeconds = &seconds
	lease.Spec.AcquireTime, lease.Spec.RenewTime = &now, &now
	lease.Spec.LeaseTransitions = &transitions
	metav1.SetMetaDataAnnotation(&lease.ObjectMeta, tokenAnnotation, token)
	metav1.SetMetaDataAnnotation(&lease.ObjectMeta, commandAnnotation, request.Command)
	metav1.SetMetaDataLabel(&lease.ObjectMeta, "app.kubernetes.io/part-of", "team-dashboard")
	metav1.SetMetaDataLabel(&lease.ObjectMeta, "app.kubernetes.io/managed-by", FieldManager)
}

// claim is one holder's hold as of its last renewal. While it stays equal, the holder has not renewed.
type claim struct {
	token   string
	renewed time.Time
}

func claimOf(lease *kinds.Lease) claim {
	return claim{token: lease.Annotations[tokenAnnotation], renewed: renewTime(lease)}
}

func isFree(lease *kinds.Lease) bool {
	return lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == ""
}

func leaseDuration(lease *kinds.Lease) time.Duration {
	if lease.Spec.LeaseDurationSeconds == nil {
		return 0
	}
	return time.Duration(*lease.Spec.LeaseDurationSeconds) * time.Second
}

func renewTime(lease *kinds.Lease) time.Time {
	if lease.Spec.RenewTime == nil {
		return time.Time{}
	}
	return lease.Spec.RenewTime.Time
}

func lockedError(namespace string, lease *kinds.Lease) *LockedError {
	locked := &LockedError{
		Namespace: namespace,
		Holder:    *lease.Spec.HolderIdentity,
		Command:   lease.Annotations[commandAnnotation],
		Expires:   renewTime(lease).Add(leaseDuration(lease)),
	}
	if lease.Spec.AcquireTime != nil {
		locked.Since = lease.Spec.AcquireTime.Time
	}
	locked.Remaining = max(time.Until(locked.Expires), 0)
	return locked
}
