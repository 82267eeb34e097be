// Package rollout brings a release into an environment and back out of it.
//
// Deploy and Rollback walk one ordered list of steps (strategy.go): apply, wait, verify, switch, prove, watch,
// settle. What goes wrong in any of them ends in one compensation path (undo.go). Blue-green and rolling are two
// strategies over the same steps. All that comes before the lock only reads.
//
// Nothing is remembered that a kill would lose. Which slot is live is what the selectors of the stable Services say;
// how far an interrupted run came is in its record, saved before each step (record.go). The next run reads both and
// finishes or undoes what it finds (resume.go) before it does its own work.
package rollout
