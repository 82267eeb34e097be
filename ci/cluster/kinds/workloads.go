package kinds

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Deployment is an apps/v1 Deployment.
type Deployment struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              WorkloadSpec     `json:"spec"`
	Status            DeploymentStatus `json:"status"`
}

// WorkloadSpec says how many pods are asked for (absent means one), and what they are made from.
type WorkloadSpec struct {
	Replicas *int32          `json:"replicas"`
	Template PodTemplateSpec `json:"template"`
}

// PodTemplateSpec is what pods are made from.
type PodTemplateSpec struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              PodSpec `json:"spec"`
}

// DeploymentStatus is what the Deployment controller says.
type DeploymentStatus struct {
	ObservedGeneration int64       `json:"observedGeneration"`
	Replicas           int32       `json:"replicas"`
	UpdatedReplicas    int32       `json:"updatedReplicas"`
	AvailableReplicas  int32       `json:"availableReplicas"`
	Conditions         []Condition `json:"conditions"`
}

// ReplicaSet is an apps/v1 ReplicaSet: one revision of a Deployment.
type ReplicaSet struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              WorkloadSpec     `json:"spec"`
	Status            ReplicaSetStatus `json:"status"`
}

// ReplicaSetStatus is what the ReplicaSet controller says.
type ReplicaSetStatus struct {
	ObservedGeneration int64 `json:"observedGeneration"`
	Replicas           int32 `json:"replicas"`
	AvailableReplicas  int32 `json:"availableReplicas"`
}

// StatefulSet is an apps/v1 StatefulSet.
type StatefulSet struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              WorkloadSpec      `json:"spec"`
	Status            StatefulSetStatus `json:"status"`
}

// StatefulSetStatus is what the StatefulSet controller says.
type StatefulSetStatus struct {
	ObservedGeneration int64  `json:"observedGeneration"`
	Replicas           int32  `json:"replicas"`
	UpdatedReplicas    int32  `json:"updatedReplicas"`
	AvailableReplicas  int32  `json:"availableReplicas"`
	UpdateRevision     string `json:"updateRevision"`
}

// DaemonSet is an apps/v1 DaemonSet.
type DaemonSet struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              DaemonSetSpec   `json:"spec"`
	Status            DaemonSetStatus `json:"status"`
}

// DaemonSetSpec says what the pods are made from; the nodes say how many.
type DaemonSetSpec struct {
	Template PodTemplateSpec `json:"template"`
}

// DaemonSetStatus is what the DaemonSet controller says.
type DaemonSetStatus struct {
	ObservedGeneration     int64 `json:"observedGeneration"`
	CurrentNumberScheduled int32 `json:"currentNumberScheduled"`
	DesiredNumberScheduled int32 `json:"desiredNumberScheduled"`
	UpdatedNumberScheduled int32 `json:"updatedNumberScheduled"`
	NumberAvailable        int32 `json:"numberAvailable"`
}

// Job is a batch/v1 Job.
type Job struct {
	metav1.ObjectMeta `json:"metadata"`
	Status            JobStatus `json:"status"`
}

// JobStatus is what the Job controller says.
type JobStatus struct {
	Conditions []Condition `json:"conditions"`
}
