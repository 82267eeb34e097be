package lock

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// Name is the name of the Lease.
const Name = "pipeline"

// Annotations of the Lease, and of what was fenced.
const (
	tokenAnnotation   = "team-dashboard.app/lock-token"
	commandAnnotation = "team-dashboard.app/lock-command"
	fenceAnnotation   = "team-dashboard.app/fence"
)

// Ref is the Lease of a namespace.
func Ref(namespace string) cluster.Ref {
	return cluster.Ref{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: namespace, Name: Name}
}

// lease is the Lease as read, with its version for the write that follows.
type lease struct {
	kinds.Lease
	exists bool
}

func leaseOf(object *cluster.Object) (lease, error) {
	read := lease{exists: true}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &read.Lease); err != nil {
		return lease{}, fmt.Errorf("reading %s: %w", cluster.RefOf(object), err)
	}
	return read, nil
}

// taken is the Lease in the hands of a new holder.
func (l lease) taken(namespace, token string, request Request) (*cluster.Object, error) {
	now := metav1.NowMicro()
	seconds := int32(request.TTL.Round(time.Second) / time.Second)
	transitions := int32(1)
	if l.Spec.LeaseTransitions != nil {
		transitions = *l.Spec.LeaseTransitions + 1
	}
	l.APIVersion, l.Kind = "coordination.k8s.io/v1", "Lease"
	l.Name, l.Namespace = Name, namespace
	l.Spec.HolderIdentity = &request.Holder
	l.Spec.LeaseDurationSeconds = &seconds
	l.Spec.AcquireTime, l.Spec.RenewTime = &now, &now
	l.Spec.LeaseTransitions = &transitions
	metav1.SetMetaDataAnnotation(&l.ObjectMeta, tokenAnnotation, token)
	metav1.SetMetaDataAnnotation(&l.ObjectMeta, commandAnnotation, request.Command)
	metav1.SetMetaDataLabel(&l.ObjectMeta, "app.kubernetes.io/part-of", request.Application)
	metav1.SetMetaDataLabel(&l.ObjectMeta, "app.kubernetes.io/managed-by", cluster.FieldManager)
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&l.Lease)
	return &cluster.Object{Object: fields}, err
}

func (l lease) token() string { return l.Annotations[tokenAnnotation] }

func (l lease) holder() string {
	if l.Spec.HolderIdentity == nil {
		return ""
	}
	return *l.Spec.HolderIdentity
}

func (l lease) duration() time.Duration {
	if l.Spec.LeaseDurationSeconds == nil {
		return 0
	}
	return time.Duration(*l.Spec.LeaseDurationSeconds) * time.Second
}

func (l lease) renewed() time.Time {
	if l.Spec.RenewTime == nil {
		return time.Time{}
	}
	return l.Spec.RenewTime.Time
}

// claim is one holder's hold as of its last renewal. While it stays equal, the holder has not renewed.
type claim struct {
	token   string
	renewed time.Time
}

func (l lease) claim() claim { return claim{token: l.token(), renewed: l.renewed()} }

func (l lease) heldError(namespace string) *HeldError {
	held := &HeldError{Namespace: namespace, Holder: l.holder(), Command: l.Annotations[commandAnnotation], Expires: l.renewed().Add(l.duration())}
	if l.Spec.AcquireTime != nil {
		held.Since = l.Spec.AcquireTime.Time
	}
	held.Remaining = max(time.Until(held.Expires), 0)
	return held
}
