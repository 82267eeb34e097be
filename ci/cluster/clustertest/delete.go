package clustertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// deleted removes an object and all that it owns. One with finalizers stays until they are gone.
func (s *Server) deleted(c change) (any, error) {
	if c.live == nil {
		return nil, notFound(c.location)
	}
	var options metav1.DeleteOptions
	if len(c.body) > 0 {
		if err := json.Unmarshal(c.body, &options); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
	}
	if err := c.precondition(options.Preconditions); err != nil {
		return nil, err
	}
	if c.dryRun || len(options.DryRun) > 0 {
		return s.gone(c), nil
	}
	if len(c.live.GetFinalizers()) > 0 && !slices.Equal(c.live.GetFinalizers(), []string{protection}) {
		return s.finalizing(c), nil
	}
	s.removed(c.location)
	s.note(c)
	return s.gone(c), nil
}

func (c change) precondition(wanted *metav1.Preconditions) error {
	if wanted == nil {
		return nil
	}
	group := schema.GroupResource{Group: c.kind.groupVersion().Group, Resource: c.kind.name}
	if wanted.UID != nil && *wanted.UID != c.live.GetUID() {
		return apierrors.NewConflict(group, c.name, fmt.Errorf("the UID in the precondition (%s) does not match the UID in record (%s). "+
			"The object might have been deleted and then recreated", *wanted.UID, c.live.GetUID()))
	}
	if wanted.ResourceVersion != nil && *wanted.ResourceVersion != c.live.GetResourceVersion() {
		return apierrors.NewConflict(group, c.name, fmt.Errorf("the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). "+
			"The object might have been modified", *wanted.ResourceVersion, c.live.GetResourceVersion()))
	}
	return nil
}

// gone is the answer to a deletion: the object for some kinds, a Status for the others.
func (s *Server) gone(c change) any {
	if c.kind.is(returned) {
		last := writable(c.live.Object)
		last.SetResourceVersion(strconv.Itoa(s.version))
		return last.Object
	}
	return metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess,
		Details: &metav1.StatusDetails{Name: c.name, Group: c.kind.groupVersion().Group, Kind: c.kind.plural, UID: c.live.GetUID()}}
}

// finalizing marks an object that somebody wants to clean up after.
func (s *Server) finalizing(c change) any {
	if c.live.GetDeletionTimestamp() != nil {
		return c.live.json()
	}
	now, zero := metav1.NewTime(time.Now()), int64(0)
	object := writable(c.live.Object)
	object.SetDeletionTimestamp(&now)
	object.SetDeletionGracePeriodSeconds(&zero)
	return s.done(c, object)
}

// removed takes an object away, and lets the controllers of its owners see it.
func (s *Server) removed(l location) {
	object := s.at(l)
	if object == nil {
		return
	}
	s.remove(l)
	for _, owner := range object.GetOwnerReferences() {
		if k := byName[owner.APIVersion][owner.Kind]; k != nil {
			at := location{collection{k, l.namespace}, owner.Name, ""}
			if kept := s.at(at); kept != nil {
				s.reconcile(at, kept)
			}
		}
	}
}

// ownerReferences make an object go with its owner.
func ownerReferences(owner *stored) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{APIVersion: owner.GetAPIVersion(), Kind: owner.GetKind(), Name: owner.GetName(), UID: owner.GetUID(), Controller: &yes, BlockOwnerDeletion: &yes}}
}
