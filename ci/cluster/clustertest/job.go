package clustertest

import (
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Ran is what the container of a Job did.
type Ran struct {
	Log      string
	ExitCode int64
}

// reconcileJob lets a new Job run at once, as Server.RunJob says. Without that its pod stays where it is: nowhere.
func (s *Server) reconcileJob(l location) {
	job := s.at(l)
	if s.RunJob == nil || nested(job.Object, "spec", "suspend") == true || nested(job.Object, "status", "conditions") != nil {
		return
	}
	ran := s.RunJob(job.Object)
	s.pods++
	pod := s.newPod(job, l.name+"-"+suffix(s.pods), nested(job.Object, "spec", "template"), nil)
	s.print(l.namespace, pod.GetName(), ran.Log)
	phase, reason := "Succeeded", "Completed"
	if ran.ExitCode != 0 {
		phase, reason = "Failed", "Error"
	}
	now := time.Now().UTC().Format(time.RFC3339)
	ended := writable(pod.Object)
	status := s.running(ended, false)
	status["phase"] = phase
	status["containerStatuses"] = containerStatuses(ended, false, map[string]any{"terminated": map[string]any{"exitCode": ran.ExitCode, "reason": reason, "startedAt": now, "finishedAt": now}})
	ended.Object["status"] = status
	s.keep(locationOf(cluster.RefOf(ended)), ended)
	s.status(l, jobStatus(ran.ExitCode != 0, now))
}

func jobStatus(failed bool, now string) map[string]any {
	status := map[string]any{"startTime": now, "ready": int64(0), "terminating": int64(0), "uncountedTerminatedPods": map[string]any{}}
	names, reason, message := []string{"SuccessCriteriaMet", "Complete"}, "CompletionsReached", "Reached expected number of succeeded pods"
	if failed {
		status["failed"] = int64(1)
		names, reason, message = []string{"FailureTarget", "Failed"}, "BackoffLimitExceeded", "Job has reached the specified backoff limit"
	} else {
		status["succeeded"], status["completionTime"] = int64(1), now
	}
	var conditions []any
	for _, name := range names {
		wanted := condition(name, "True", reason, message)
		wanted["lastProbeTime"], wanted["lastTransitionTime"] = now, now
		conditions = append(conditions, wanted)
	}
	status["conditions"] = conditions
	return status
}
