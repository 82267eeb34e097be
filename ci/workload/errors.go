package workload

import (
	"fmt"
	"strings"
)

// WaitError says why something did not become ready, or could not run.
type WaitError struct {
	// Object is what was waited for, and the pod and container that stand in the way.
	Object string
	// Reason is one word: ErrImagePull, CrashLoopBackOff, FailedCreate, Unschedulable, NotReady, …
	Reason  string
	Message string
	// Logs are the last lines of the container in question, if any.
	Logs string
}

func (e *WaitError) Error() string {
	text := fmt.Sprintf("waiting for %s: %s: %s", e.Object, e.Reason, strings.TrimRight(e.Message, "."))
	if remedy := remedies[e.Reason]; remedy != "" {
		text += "; " + remedy
	}
	if e.Reason == "CrashLoopBackOff" && e.Logs != "" {
		text += "; its last log lines say why"
	}
	if e.Logs != "" {
		text += ":\n    " + strings.ReplaceAll(e.Logs, "\n", "\n    ")
	}
	return text
}

// remedies are what to do about a reason, where its message does not say it.
var remedies = map[string]string{
	"ErrImagePull":               "check that the image was published and that the cluster may pull it",
	"InvalidImageName":           "correct the image's name",
	"CreateContainerConfigError": "create the Secret or ConfigMap that it names",
	"FailedCreate":               "raise the quota or change what the rule refuses",
	"Unschedulable":              "add nodes, or lower the requests of the pods",
}
