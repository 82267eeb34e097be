package rollout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// mixed stands for the digest of a service whose pods run different images.
const mixed = "mixed"

// services says what the pods of a slot are and run, against what a release names.
func (f facts) services(slot string, released release.Release) []ServiceStatus {
	all := make([]ServiceStatus, len(f.application.Services))
	for i, service := range f.application.Services {
		all[i] = f.service(service.Name, slot)
		all[i].AsReleased = all[i].Digest != "" && all[i].Digest == digestOf(released.Images[service.Name])
	}
	return all
}

func (f facts) service(name, slot string) ServiceStatus {
	status := ServiceStatus{Name: name}
	for _, deployment := range f.in(slot) {
		if deployment.Labels[render.AppLabel] != name {
			continue
		}
		status.Desired += deployment.Desired
		for _, pod := range slices.Concat(deployment.Pods, deployment.Stale) {
			if pod.Terminating {
				continue
			}
			if pod.Ready {
				status.Ready++
			}
			status.Restarts += pod.Restarts
			switch digest := pod.Digest(name); {
			case status.Digest == "":
				status.Digest = digest
			case digest != "" && digest != status.Digest:
				status.Digest = mixed
			}
		}
	}
	return status
}

// problems says what is wrong with a service; digests only count when there is a record of what they should be.
func (s ServiceStatus) problems(recorded bool) []string {
	var problems []string
	if s.Ready < s.Desired || s.Desired == 0 {
		problems = append(problems, fmt.Sprintf("%s: %d of %d pods are ready", s.Name, s.Ready, s.Desired))
	}
	if recorded && s.Digest != "" && !s.AsReleased {
		problems = append(problems, fmt.Sprintf("%s: its pods do not run what was released, but %s", s.Name, s.Digest))
	}
	return problems
}

// digestOf cuts the digest out of repository@sha256:….
func digestOf(reference string) string {
	_, digest, _ := strings.Cut(reference, "@")
	return digest
}
