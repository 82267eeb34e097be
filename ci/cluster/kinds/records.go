package kinds

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Secret is a v1 Secret.
type Secret struct {
	metav1.ObjectMeta `json:"metadata"`
	Data              map[string][]byte `json:"data"`
	Type              string            `json:"type"`
}

// MaxSecretSize is how many bytes the values of a Secret may have in all.
const MaxSecretSize = 1 << 20

// ResourceQuota is a v1 ResourceQuota.
type ResourceQuota struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              ResourceQuotaSpec   `json:"spec"`
	Status            ResourceQuotaStatus `json:"status"`
}

// ResourceQuotaSpec says which objects are counted: all, or those of its scopes.
type ResourceQuotaSpec struct {
	Scopes        []string       `json:"scopes"`
	ScopeSelector *ScopeSelector `json:"scopeSelector"`
}

// ScopeSelector is not looked into.
type ScopeSelector struct{}

// ResourceQuotaStatus is what a namespace may use, and what it uses.
type ResourceQuotaStatus struct {
	Hard ResourceList `json:"hard"`
	Used ResourceList `json:"used"`
}

// Event is a v1 Event.
type Event struct {
	metav1.ObjectMeta `json:"metadata"`
	Reason            string           `json:"reason"`
	Message           string           `json:"message"`
	LastTimestamp     metav1.Time      `json:"lastTimestamp"`
	Count             int32            `json:"count"`
	EventTime         metav1.MicroTime `json:"eventTime"`
	Series            *EventSeries     `json:"series"`
}

// EventSeries says that an event came again.
type EventSeries struct {
	LastObservedTime metav1.MicroTime `json:"lastObservedTime"`
}

// Types of events.
const (
	EventTypeNormal  = "Normal"
	EventTypeWarning = "Warning"
)

// Lease is a coordination.k8s.io/v1 Lease. The pipeline's own is written, too, and has no other fields.
type Lease struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              LeaseSpec `json:"spec"`
}

// LeaseSpec says who holds a Lease, and for how long after the last renewal.
type LeaseSpec struct {
	HolderIdentity       *string           `json:"holderIdentity,omitempty"`
	LeaseDurationSeconds *int32            `json:"leaseDurationSeconds,omitempty"`
	AcquireTime          *metav1.MicroTime `json:"acquireTime,omitempty"`
	RenewTime            *metav1.MicroTime `json:"renewTime,omitempty"`
	LeaseTransitions     *int32            `json:"leaseTransitions,omitempty"`
}
