// Package part says what the lab is made of: parts that come up, go down and
// tell their state, and steps that tell people what is being done.
package part

import "context"

// A Part is one running piece of the lab: the engine, the node, the registry.
type Part interface {
	// Name is one word; the lab prints it before each line about the part.
	Name() string

	// Up brings the part to its working state from whatever state it is in:
	// absent, stopped, half-dead or running. It returns when the part can be
	// used. Nothing changes, and little time passes, when it works already.
	Up(ctx context.Context) error

	// Down takes away all that Up put on the machine: processes, mounts,
	// network devices, firewall rules. What was built stays in the cache.
	// It succeeds when there is nothing to take away.
	Down(ctx context.Context) error

	// Status is one line for people (address, version, process ids), or an
	// error that says what is wrong. ErrDown: the part is simply not up.
	Status(ctx context.Context) (string, error)
}
