package clustertest

import (
	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// reconcileDaemonSet has one pod on the one node.
func (s *Server) reconcileDaemonSet(l location) {
	set := s.at(l)
	template := nested(set.Object, "spec", "template")
	hash := hashOf(template)
	for _, pod := range s.podsOf(set) {
		if pod.labels["controller-revision-hash"] != hash {
			s.remove(locationOf(cluster.RefOf(pod.Object)))
		}
	}
	if len(s.podsOf(set)) == 0 {
		s.pods++
		s.newPod(set, l.name+"-"+suffix(s.pods), template, map[string]string{"controller-revision-hash": hash, "pod-template-generation": "1"})
	}
	up := ready(s.podsOf(set)...)
	s.status(l, counts(map[string]any{"observedGeneration": set.GetGeneration(), "currentNumberScheduled": int64(1), "desiredNumberScheduled": int64(1),
		"numberMisscheduled": int64(0), "numberReady": int64(up)}, map[string]int{"updatedNumberScheduled": 1, "numberAvailable": up, "numberUnavailable": 1 - up}))
}
