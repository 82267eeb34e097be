package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/e2e/audit"
)

// Witness is what was seen of a command by others.
type Witness struct {
	Before, After Snapshot
	// Written are the command's writes that the API server accepted, by its audit log; Marked counts those, by object, that
	// set annotations only.
	Written []audit.Entry
	Marked  map[string]int
	// Alone says that nobody else changed anything meanwhile, so that After is this command's doing.
	Alone bool
}

// contradictions are claims that are not so.
func (c Claim) contradictions(w Witness) []string {
	if c.Code == 0 {
		return c.falseSuccess(w)
	}
	return c.falseFailure(w)
}

func (c Claim) falseSuccess(w Witness) []string {
	if !c.Changed {
		return c.falseNoChange(w)
	}
	wrong := c.falseChanges(w)
	if c.Outcome != "succeeded" {
		wrong = append(wrong, fmt.Sprintf("it ended well, with outcome %q", c.Outcome))
	}
	if record, found := w.After.record(c.Revision); w.Alone && !found {
		wrong = append(wrong, fmt.Sprintf("it says revision %d, of which there is no record", c.Revision))
	} else if found && (record.Outcome != c.Outcome || record.Release.Version != c.Release || record.Slot != c.Slot) {
		wrong = append(wrong, fmt.Sprintf("it says revision %d is %s in slot %s, %s; the record says %s in slot %s, %s",
			c.Revision, c.Release, c.Slot, c.Outcome, record.Release.Version, record.Slot, record.Outcome))
	}
	if w.Alone {
		wrong = append(wrong, c.notLive(w.After)...)
	}
	return wrong
}

// falseChanges are objects that were written and not reported, or reported and not written. What is created and removed
// again, such as a Job, need not be told, nor how the lock was taken over.
func (c Claim) falseChanges(w Witness) []string {
	said := map[string]string{}
	for _, change := range c.Changes {
		said[change.object()] = change.Action
	}
	if len(said) == 0 {
		return nil // a report in words
	}
	done := netChanges(unmarked(w.Written, w.Marked))
	var untold, untrue []string
	for _, object := range slices.Sorted(maps.Keys(done)) {
		if said[object] == "" && done[object] != "created and deleted" {
			untold = append(untold, object+" was "+done[object])
		}
	}
	for _, object := range slices.Sorted(maps.Keys(said)) {
		action, done := said[object], done[object]
		same := action == done || action == "marked" && w.Marked[object] > 0 && (done == "" || done == "changed") || action == "deleted" && done == "created and deleted" ||
			done == "changed" && (action == "configured" || action == "scaled") || action == "unchanged" && (done == "" || done == "changed")
		if !same {
			untrue = append(untrue, fmt.Sprintf("%s as %s, and it was %q", object, action, done))
		}
	}
	return slices.Concat(some("it does not report, by the audit log: ", untold), some("it reports, other than the audit log: ", untrue))
}

// some is a list in one line, as far as it is of use.
func some(what string, all []string) []string {
	const most = 4
	if len(all) == 0 {
		return nil
	}
	text := what + strings.Join(all[:min(len(all), most)], "; ")
	if len(all) > most {
		text += fmt.Sprintf("; and %d more", len(all)-most)
	}
	return []string{text}
}

// unmarked leaves out the writes that set annotations only. The log does not tell them from others of the same object; the
// lock is taken over first, so they are the first ones.
func unmarked(written []audit.Entry, marked map[string]int) []audit.Entry {
	left := maps.Clone(marked)
	return slices.DeleteFunc(slices.Clone(written), func(entry audit.Entry) bool {
		object := objectOf(entry)
		if entry.Verb != "patch" || left[object] == 0 {
			return false
		}
		left[object]--
		return true
	})
}

// netChanges says what became of each object by accepted writes: created, changed, deleted, or created and deleted. The lock is
// left out.
func netChanges(written []audit.Entry) map[string]string {
	done := map[string]string{}
	for _, entry := range written {
		object := objectOf(entry)
		switch {
		case entry.ObjectRef.Resource == "leases":
		case creates(entry):
			done[object] = "created"
		case entry.Verb == "delete" && (done[object] == "created" || done[object] == "created and deleted"):
			done[object] = "created and deleted"
		case entry.Verb == "delete":
			done[object] = "deleted"
		case done[object] == "":
			done[object] = "changed"
		}
	}
	return done
}

func creates(entry audit.Entry) bool {
	return entry.Verb == "create" || entry.ResponseStatus.Code == 201
}

// notLive says what contradicts that the release runs in its slot and has the traffic.
func (c Claim) notLive(now Snapshot) []string {
	var wrong []string
	if live := now.live(); live != c.Slot {
		wrong = append(wrong, fmt.Sprintf("it says slot %s is live; the Services select %v", c.Slot, now.Selected))
	}
	if version := now.version(c.Slot); version != c.Release {
		wrong = append(wrong, fmt.Sprintf("it says slot %s runs %s; its Deployments say %q", c.Slot, c.Release, version))
	}
	return wrong
}

func (c Claim) falseNoChange(w Witness) []string {
	var writes []string
	for _, entry := range unmarked(w.Written, w.Marked) {
		if entry.ObjectRef.Resource != "leases" {
			writes = append(writes, describe(entry))
		}
	}
	wrong := some("it says that nothing was changed; the audit log has ", writes)
	if w.Alone {
		wrong = append(wrong, c.notLive(w.After)...)
	}
	return wrong
}

func (c Claim) falseFailure(w Witness) []string {
	var wrong []string
	if c.Outcome == "succeeded" {
		wrong = append(wrong, fmt.Sprintf("it ended with code %d, and says that it succeeded", c.Code))
	}
	// A run that lost its lock says how it left its record, which is another one's by now.
	lost := saysLockLost.MatchString(c.Error)
	if record, found := w.After.record(c.Revision); found && !lost && c.Outcome != "" && record.Outcome != c.Outcome {
		wrong = append(wrong, fmt.Sprintf("it says revision %d is %s; the record says %s", c.Revision, c.Outcome, record.Outcome))
	}
	if !w.Alone {
		return wrong
	}
	if saysUntouched.MatchString(c.Error) {
		wrong = append(wrong, touched(w)...)
	}
	if found := saysBackTo.FindStringSubmatch(c.Error); found != nil {
		back := Claim{Release: found[1], Slot: found[2]}
		wrong = append(wrong, back.notLive(w.After)...)
	}
	if found := saysStaysIn.FindStringSubmatch(c.Error); found != nil && found[1] != w.After.live() {
		wrong = append(wrong, fmt.Sprintf("it says that the traffic stays in slot %s; the Services select %v", found[1], w.After.Selected))
	}
	if found := saysStays.FindStringSubmatch(c.Error); found != nil {
		if now := w.After.version(w.After.live()); now != found[1] {
			wrong = append(wrong, fmt.Sprintf("it says that the traffic stays with %s; it goes to %q", found[1], now))
		}
	}
	return wrong
}

// touched is what changed of an environment that was said not to be touched: where the traffic goes, and what the live
// slot lives on.
func touched(w Witness) []string {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(w.After.Shared)) {
		if before := w.Before.Shared[name]; before != w.After.Shared[name] {
			wrong = append(wrong, fmt.Sprintf("it says that production was left as it was; %s was %q and is %q", name, before, w.After.Shared[name]))
		}
	}
	live := w.Before.live()
	for service, before := range w.Before.Slots[live] {
		after := w.After.Slots[live][service]
		if after.Version != before.Version || after.Desired == 0 {
			wrong = append(wrong, fmt.Sprintf("it says that production was left as it was; %s in the live slot was %s and is %s, with %d pods", service, before.Version, after.Version, after.Desired))
		}
	}
	return wrong
}

// unfenced are writes of a run that came after another one had taken its lock over, and that stayed. A run may take the
// lock again; and what it creates and removes at once it may have had to create to find out.
func unfenced(written []audit.Entry, takenOver time.Time) []string {
	var late []audit.Entry
	for _, entry := range written {
		if entry.Received.Before(takenOver) {
			continue
		}
		if entry.ObjectRef.Resource == "leases" {
			break // its own again
		}
		late = append(late, entry)
	}
	done := netChanges(late)
	var wrong []string
	for _, entry := range late {
		if done[objectOf(entry)] != "created and deleted" {
			wrong = append(wrong, fmt.Sprintf("after another run had taken over it wrote: %s", describe(entry)))
		}
	}
	return wrong
}

func objectOf(entry audit.Entry) string {
	o := entry.ObjectRef
	return o.Resource + "/" + o.Name
}

func describe(entry audit.Entry) string {
	object := objectOf(entry)
	if entry.ObjectRef.Subresource != "" {
		object += "/" + entry.ObjectRef.Subresource
	}
	return fmt.Sprintf("%s %s at %s", entry.Verb, object, entry.Received.Format(time.TimeOnly))
}
