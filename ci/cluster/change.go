package cluster

// ChangeAction is what a write did to an object, as the API server's answer shows it.
type ChangeAction string

const (
	Created ChangeAction = "created"
	// Configured means that the object changed, Unchanged that it was so already.
	Configured ChangeAction = "configured"
	Unchanged  ChangeAction = "unchanged"
	Scaled     ChangeAction = "scaled"
	// Marked means that a run which took the lock over from a dead one put its mark on the object, and nothing else changed.
	Marked  ChangeAction = "marked"
	Deleted ChangeAction = "deleted"
)

// Change is what became of one object.
type Change struct {
	Ref    Ref          `json:"ref"`
	Action ChangeAction `json:"action"`
	// Foreign are fields of the object that its manifest does not have and that other managers keep.
	Foreign []string `json:"foreign,omitempty"`
}
