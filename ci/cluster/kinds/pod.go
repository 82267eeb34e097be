package kinds

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pod is a v1 Pod.
type Pod struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              PodSpec   `json:"spec"`
	Status            PodStatus `json:"status"`
}

// PodSpec says what runs in a pod, in a pod itself or in the template of a workload.
type PodSpec struct {
	NodeName        string              `json:"nodeName"`
	InitContainers  []Container         `json:"initContainers"`
	Containers      []Container         `json:"containers"`
	Volumes         []Volume            `json:"volumes"`
	SecurityContext *PodSecurityContext `json:"securityContext"`
	Overhead        ResourceList        `json:"overhead"`
}

// PodSecurityContext has the user that a pod's containers run as.
type PodSecurityContext struct {
	RunAsUser *int64 `json:"runAsUser"`
}

// Container is one container of a pod.
type Container struct {
	Name      string               `json:"name"`
	Image     string               `json:"image"`
	EnvFrom   []EnvFromSource      `json:"envFrom"`
	Env       []EnvVar             `json:"env"`
	Resources ResourceRequirements `json:"resources"`
	// RestartPolicy is RestartAlways in an init container that goes on beside the others, and empty in all else.
	RestartPolicy string `json:"restartPolicy"`
}

// RestartAlways is the restart policy of a sidecar.
const RestartAlways = "Always"

// EnvFromSource makes variables of all that a Secret holds.
type EnvFromSource struct {
	SecretRef *LocalObjectReference `json:"secretRef"`
}

// LocalObjectReference names an object of the same namespace.
type LocalObjectReference struct {
	Name string `json:"name"`
}

// EnvVar is one variable.
type EnvVar struct {
	Name      string        `json:"name"`
	ValueFrom *EnvVarSource `json:"valueFrom"`
}

// EnvVarSource makes a variable of one key of a Secret.
type EnvVarSource struct {
	SecretKeyRef *SecretKeySelector `json:"secretKeyRef"`
}

// SecretKeySelector is one key of a Secret.
type SecretKeySelector struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// ResourceRequirements are what a container is promised, and what it may use at most.
type ResourceRequirements struct {
	Limits   ResourceList `json:"limits"`
	Requests ResourceList `json:"requests"`
}

// ResourceList has a quantity by the name of its resource.
type ResourceList map[string]resource.Quantity

// Names of resources.
const (
	ResourceCPU    = "cpu"
	ResourceMemory = "memory"
	ResourcePods   = "pods"
)

// Volume is a folder of a pod.
type Volume struct {
	Name      string                 `json:"name"`
	Secret    *SecretVolumeSource    `json:"secret"`
	Projected *ProjectedVolumeSource `json:"projected"`
}

// SecretVolumeSource makes files of a Secret's keys.
type SecretVolumeSource struct {
	SecretName string      `json:"secretName"`
	Items      []KeyToPath `json:"items"`
}

// ProjectedVolumeSource makes files of several sources.
type ProjectedVolumeSource struct {
	Sources []VolumeProjection `json:"sources"`
}

// VolumeProjection is one of them.
type VolumeProjection struct {
	Secret *SecretProjection `json:"secret"`
}

// SecretProjection makes files of a Secret's keys.
type SecretProjection struct {
	Name  string      `json:"name"`
	Items []KeyToPath `json:"items"`
}

// KeyToPath is one key that becomes a file.
type KeyToPath struct {
	Key string `json:"key"`
}

// PodStatus is what the node and the scheduler say of a pod.
type PodStatus struct {
	Phase                 string            `json:"phase"`
	Conditions            []Condition       `json:"conditions"`
	Message               string            `json:"message"`
	Reason                string            `json:"reason"`
	StartTime             *metav1.Time      `json:"startTime"`
	InitContainerStatuses []ContainerStatus `json:"initContainerStatuses"`
	ContainerStatuses     []ContainerStatus `json:"containerStatuses"`
}

// Phases of a pod that has ended, and stays as a memory until the cluster removes it.
const (
	PodSucceeded = "Succeeded"
	PodFailed    = "Failed"
)

// ContainerStatus is what the node says of a container.
type ContainerStatus struct {
	Name                 string         `json:"name"`
	State                ContainerState `json:"state"`
	LastTerminationState ContainerState `json:"lastState"`
	Ready                bool           `json:"ready"`
	RestartCount         int32          `json:"restartCount"`
	Image                string         `json:"image"`
	ImageID              string         `json:"imageID"`
}

// ContainerState has one field that is not nil.
type ContainerState struct {
	Waiting    *ContainerStateWaiting    `json:"waiting"`
	Running    *ContainerStateRunning    `json:"running"`
	Terminated *ContainerStateTerminated `json:"terminated"`
}

// ContainerStateWaiting says why a container does not run yet.
type ContainerStateWaiting struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// ContainerStateRunning says that a container runs.
type ContainerStateRunning struct{}

// ContainerStateTerminated says how a container ended.
type ContainerStateTerminated struct {
	ExitCode int32  `json:"exitCode"`
	Signal   int32  `json:"signal"`
	Reason   string `json:"reason"`
	Message  string `json:"message"`
}
