// Package kinds has the fields of Kubernetes' objects that the pipeline reads, under the names of the Kubernetes API
// (k8s.io/api, against which its tests hold them). k8s.io/api itself has every field of every kind and its protobuf
// form: it was a fifth of all that the module makes an empty engine compile beyond Dagger's SDK.
//
// They are for reading only, but for the Lease: what is not listed here would get lost when an object is written back.
package kinds

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// List is a list of any kind.
type List[T any] struct {
	Items []T `json:"items"`
}

// Condition is what a controller says of one aspect of an object.
type Condition struct {
	Type    string                 `json:"type"`
	Status  metav1.ConditionStatus `json:"status"`
	Reason  string                 `json:"reason"`
	Message string                 `json:"message"`
}

// Type values of conditions.
const (
	PodScheduled = "PodScheduled"
	PodReady     = "Ready"
	// DisruptionTarget says that the cluster ends the pod: by eviction, preemption or a drain.
	DisruptionTarget = "DisruptionTarget"

	DeploymentProgressing    = "Progressing"
	DeploymentReplicaFailure = "ReplicaFailure"

	JobComplete           = "Complete"
	JobSuccessCriteriaMet = "SuccessCriteriaMet"
	JobFailed             = "Failed"
	JobFailureTarget      = "FailureTarget"
)
