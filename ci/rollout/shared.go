package rollout

import (
	"reflect"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// sharedPlan says when each object of the shared layers comes, so that neither revision lacks what it lives on while both
// run: what adds comes before the pods, what moves requests comes with the traffic, what narrows comes at the end.
type sharedPlan struct {
	early, atSwitch, late []*cluster.Object
	// temporary are policies that let the new revision's traffic through beside the old one's rules; they are removed late.
	temporary []*cluster.Object
	// gone were there for the previous revision and are removed late. Routes are not among them; see retireRoutes.
	gone []cluster.Ref
}

// sharedState is what a sharedPlan rests on.
type sharedState struct {
	application config.Application
	// before are the shared objects of the revision that has the traffic; nil when there is none, or it was recorded by a
	// pipeline that did not keep them.
	before []*cluster.Object
	// live says whether anything has the traffic.
	live bool
	// policies are all NetworkPolicies of the namespace, pods the labels of all pods but those of the idle slot.
	policies []*cluster.Object
	pods     []map[string]string
	// idle is the slot that is brought up; empty in an environment without slots.
	idle string
}

// planShared sorts the wanted objects.
func planShared(wanted []*cluster.Object, s sharedState) sharedPlan {
	var plan sharedPlan
	for _, object := range wanted {
		switch {
		case isStableService(s.application, object):
			// The switch applies them, with the slot that they are to select.
		case !s.live || s.unchanged(object):
			plan.early = append(plan.early, object)
		case carriesTraffic(object):
			plan.atSwitch = append(plan.atSwitch, object)
		case object.GetKind() == "NetworkPolicy":
			plan.addPolicy(object, s)
		case object.GetKind() == "Role", object.GetKind() == "RoleBinding":
			plan.early = append(plan.early, bothRights(find(s.before, cluster.RefOf(object)), object))
			plan.late = append(plan.late, object)
		default:
			plan.early = append(plan.early, object)
		}
	}
	for _, object := range s.before {
		if removable(object) && find(wanted, cluster.RefOf(object)) == nil {
			plan.gone = append(plan.gone, cluster.RefOf(object))
		}
	}
	return plan
}

// addPolicy lets a changed or new policy come in two parts: what it allows at once, under a name of its own beside the
// policy that is there, and the policy itself, which forbids the rest, late. A policy that would be the first to isolate a
// pod forbids by being added, so it is limited to the slot that is brought up.
func (p *sharedPlan) addPolicy(policy *cluster.Object, s sharedState) {
	p.late = append(p.late, policy)
	slot := ""
	if newlyIsolates(policy, s.policies, s.pods) {
		if s.idle == "" {
			return
		}
		slot = s.idle
	}
	p.temporary = append(p.temporary, beside(policy, slot))
}

// unchanged says whether an object is what the live revision was recorded with.
func (s sharedState) unchanged(object *cluster.Object) bool {
	before := find(s.before, cluster.RefOf(object))
	return before != nil && reflect.DeepEqual(before.Object, object.Object)
}

// carriesTraffic says whether a change of the object changes where requests go. A Gateway does not by itself: its routes do.
func carriesTraffic(object *cluster.Object) bool {
	switch object.GetKind() {
	case "Ingress", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "Service":
		return true
	}
	return false
}

// removable says whether an object may be removed when the manifests have it no more. What keeps state, the namespace, and
// accounts with their rights, which are an administrator's, never are.
func removable(object *cluster.Object) bool {
	switch object.GetKind() {
	case "NetworkPolicy", "ConfigMap", "PodDisruptionBudget":
		return true
	}
	return false
}

// bothRights gives what the old and the new Role, or RoleBinding, give.
func bothRights(before, object *cluster.Object) *cluster.Object {
	if before == nil {
		return object
	}
	both := object.DeepCopy()
	for _, list := range []string{"rules", "subjects"} {
		old, _ := before.Object[list].([]any)
		new, _ := both.Object[list].([]any)
		for _, entry := range old {
			if !slices.ContainsFunc(new, func(other any) bool { return reflect.DeepEqual(entry, other) }) {
				new = append(new, entry)
			}
		}
		if len(new) > 0 {
			both.Object[list] = new
		}
	}
	return both
}

func isStableService(app config.Application, object *cluster.Object) bool {
	_, err := app.Service(object.GetName())
	return err == nil && object.GetKind() == "Service"
}

// find picks the object of a list that a reference names; nil when it is not there.
func find(objects []*cluster.Object, ref cluster.Ref) *cluster.Object {
	at := slices.IndexFunc(objects, func(object *cluster.Object) bool { return cluster.RefOf(object) == ref })
	if at < 0 {
		return nil
	}
	return objects[at]
}
