// Package lock is the right to change an environment, and the only way to write under it.
//
// The right is a Lease, renewed four times in its life. Only another token in it ends the right: an API server that is away
// ends nothing, but while nobody can know whose the Lease is, nothing is written.
//
// Every write is fenced, so that a run that slept through the loss of its lock (a frozen process, a closed laptop) cannot
// hurt the one that came after it. It reads the object, then the Lease, then writes on condition that the object is still
// the one that was read. Whoever takes over a Lease that was not given back first marks every object that an earlier holder
// may write: so the version that a frozen holder has read is gone, and when it looks again the Lease carries another token.
//
// Only what does not exist has no version. So what was created is marked as being made until the Lease was looked at once
// more: a holder that finds itself without the lock removes it again, unless a later holder has taken it over meanwhile.
package lock
