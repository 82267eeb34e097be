package lock

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// Name is the name of the Lease.
const Name = "pipeline"

// Annotations of the Lease.
const (
	tokenAnnotation   = "team-dashboard.app/lock-token"
	commandAnnotation = "team-dashboard.app/lock-command"
	// uncleanAnnotation is on a Lease that was given back although a write may still arrive: the next holder fences.
	uncleanAnnotation = "team-dashboard.app/lock-unclean"
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

// look reads the Lease; one that does not exist is empty.
func (h *Held) look(ctx context.Context, api *cluster.Cluster) (lease, error) {
	object, err := api.Get(ctx, Ref(h.namespace))
	if cluster.IsNotFound(err) {
		return lease{}, nil
	}
	if err != nil {
		return lease{}, err
	}
	read := lease{exists: true}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &read.Lease); err != nil {
		return lease{}, fmt.Errorf("reading %s: %w", cluster.RefOf(object), err)
	}
	return read, nil
}

// take writes the Lease as this run's, or makes it, on condition that it is still as it was read.
func (h *Held) take(ctx context.Context, read lease) error {
	now := metav1.NowMicro()
	seconds := int32(h.request.TTL.Round(time.Second) / time.Second)
	transitions := int32(1)
	if read.Spec.LeaseTransitions != nil {
		transitions = *read.Spec.LeaseTransitions + 1
	}
	taken := read.named(h)
	taken.Spec = kinds.LeaseSpec{HolderIdentity: &h.request.Holder, LeaseDurationSeconds: &seconds, AcquireTime: &now, RenewTime: &now, LeaseTransitions: &transitions}
	metav1.SetMetaDataAnnotation(&taken.ObjectMeta, tokenAnnotation, h.token)
	metav1.SetMetaDataAnnotation(&taken.ObjectMeta, commandAnnotation, h.request.Command)
	return h.put(ctx, taken, read.exists)
}

// giveBack writes the Lease as nobody's, on condition that it is still as it was read.
func (h *Held) giveBack(ctx context.Context, read lease) error {
	free := read.named(h)
	free.Spec.HolderIdentity = nil
	delete(free.Annotations, tokenAnnotation)
	delete(free.Annotations, commandAnnotation)
	delete(free.Annotations, uncleanAnnotation)
	if h.isUnclean() {
		metav1.SetMetaDataAnnotation(&free.ObjectMeta, uncleanAnnotation, "true")
	}
	return h.put(ctx, free, true)
}

func (h *Held) put(ctx context.Context, written kinds.Lease, exists bool) error {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&written)
	if err != nil {
		return err
	}
	if exists {
		_, err = h.once.Replace(ctx, &cluster.Object{Object: fields})
	} else {
		_, err = h.once.Create(ctx, &cluster.Object{Object: fields})
	}
	return err
}

// named is a copy of the Lease with its kind, name and labels.
func (l lease) named(h *Held) kinds.Lease {
	named := kinds.Lease{ObjectMeta: *l.ObjectMeta.DeepCopy(), Spec: l.Spec}
	named.APIVersion, named.Kind = "coordination.k8s.io/v1", "Lease"
	named.Name, named.Namespace = Name, h.namespace
	metav1.SetMetaDataLabel(&named.ObjectMeta, partOfLabel, h.request.Application)
	metav1.SetMetaDataLabel(&named.ObjectMeta, "app.kubernetes.io/managed-by", cluster.FieldManager)
	return named
}

func (l lease) token() string { return l.Annotations[tokenAnnotation] }

func (l lease) isFree() bool { return l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "" }

// isUnclean says whether an earlier holder's write may still arrive: nobody gave the Lease back, or not with a good conscience.
func (l lease) isUnclean() bool {
	return !l.exists || !l.isFree() || l.Annotations[uncleanAnnotation] != ""
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
	held := &HeldError{Namespace: namespace, Command: l.Annotations[commandAnnotation], Expires: l.renewed().Add(l.duration())}
	if !l.isFree() {
		held.Holder = *l.Spec.HolderIdentity
	}
	if l.Spec.AcquireTime != nil {
		held.Since = l.Spec.AcquireTime.Time
	}
	held.Remaining = max(time.Until(held.Expires), 0)
	return held
}
