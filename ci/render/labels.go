package render

// The labels that the manifests carry and the pipeline selects by.
const (
	// AppLabel is the short label with a service's name, in every selector.
	AppLabel = "app"
	// SlotLabel says which slot an object belongs to; it is in the selectors of
	// the slot, and in those of the stable Services, where it says which is live.
	SlotLabel = "team-dashboard.app/slot"
	// PartOfLabel carries the application's name, on every object.
	PartOfLabel = "app.kubernetes.io/part-of"
	// ComponentLabel says what an object is for: service, smoke, database, …
	ComponentLabel = "app.kubernetes.io/component"
	// VersionLabel carries the release's version, on a slot's objects and pods.
	VersionLabel = "app.kubernetes.io/version"
)
