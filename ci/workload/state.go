package workload

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// state is how far a Deployment, StatefulSet or DaemonSet has come, at one look.
type state struct {
	kind     string
	name     string
	desired  int
	ready    int // of the newest revision
	old      int // pods of earlier revisions
	complete bool
	pods     []Pod // of the newest revision, but for those that end
	finished []Pod // of the newest revision
	problems []problem
}

func (s state) pending() bool { return !s.complete }

// String is a line of progress: dashboard-green 2/3 ready, 1 old.
func (s state) String() string {
	line := fmt.Sprintf("%s %d/%d ready", s.name, s.ready, s.desired)
	if s.old > 0 {
		line += fmt.Sprintf(", %d old", s.old)
	}
	if s.pending() && len(s.problems) > 0 {
		line += ": " + s.problems[0].reason
	}
	return line
}

func (s state) describe(namespace string) string {
	return fmt.Sprintf("%s %q in namespace %q", s.kind, s.name, namespace)
}

// addPods takes in the pods of an owner that are not terminating, and what troubles them.
func (s *state) addPods(owner types.UID, template kinds.PodSpec, pods []kinds.Pod) {
	for i := range pods {
		if !ownedBy(pods[i].ObjectMeta, owner) {
			continue
		}
		switch pod := podOf(&pods[i], containersOf(template)); {
		case pod.Finished:
			s.finished = append(s.finished, pod)
		case !pod.Terminating:
			s.pods = append(s.pods, pod)
		}
	}
	s.findProblems()
}

// findProblems puts the ones that are this workload's own fault first.
func (s *state) findProblems() {
	for _, pod := range s.pods {
		if found, ok := podProblem(pod); ok {
			s.problems = append(s.problems, found)
		}
	}
	slices.SortStableFunc(s.problems, func(a, b problem) int {
		switch fault := a.tolerance == noFault; {
		case fault == (b.tolerance == noFault):
			return 0
		case fault:
			return 1
		}
		return -1
	})
}

// named picks those that are waited for, in the order of their names; one that does not exist is an error.
func named[T any, P interface {
	*T
	metav1.Object
}](kind, namespace string, names []string, all []T) ([]T, error) {
	found := make([]T, len(names))
	for i, name := range names {
		at := slices.IndexFunc(all, func(object T) bool { return P(&object).GetName() == name })
		if at < 0 {
			return nil, &WaitError{Object: state{kind: kind, name: name}.describe(namespace), Reason: "NotFound", Message: "it does not exist"}
		}
		found[i] = all[at]
	}
	return found, nil
}

func ownedBy(meta metav1.ObjectMeta, owner types.UID) bool {
	return slices.ContainsFunc(meta.OwnerReferences, func(reference metav1.OwnerReference) bool { return reference.UID == owner })
}
