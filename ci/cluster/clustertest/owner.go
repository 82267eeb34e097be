package clustertest

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// ownerReferences make an object go with its owner.
func ownerReferences(owner *cluster.Object) []metav1.OwnerReference {
	controller := true
	return []metav1.OwnerReference{{APIVersion: owner.GetAPIVersion(), Kind: owner.GetKind(), Name: owner.GetName(), UID: owner.GetUID(), Controller: &controller}}
}
