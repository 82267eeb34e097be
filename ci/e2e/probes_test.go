//go:build e2e

package e2e

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/flows"
)

const (
	// debugPort is one that every probe listens on besides its own, and that nobody may use.
	debugPort = 9229
	// probeLabel marks all probes; no policy knows it.
	probeLabel = "team-dashboard.app/probe"
	probeImage = "docker.io/library/node:24-trixie-slim"
)

// probe is a pod that a NetworkPolicy takes for one of some kind.
type probe struct {
	flows.End
	// environment is the one that it belongs to; empty for everybody else.
	environment string
	namespace   string
	labels      map[string]string
	port        corev1.ContainerPort
	address     string
}

func (p probe) podName() string {
	return "probe-" + strings.ReplaceAll(p.String(), " ", "-")
}

func (p probe) title() string { return strings.TrimSpace(p.environment + " " + p.String()) }

// pod conforms to the Pod Security level restricted, as every pod of the application does.
func (p probe) pod(script string) corev1.Pod {
	labels := map[string]string{probeLabel: "yes"}
	for key, value := range p.labels {
		labels[key] = value
	}
	return corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: p.podName(), Namespace: p.namespace, Labels: labels},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken:  new(false),
			EnableServiceLinks:            new(false),
			TerminationGracePeriodSeconds: new(int64(1)),
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true), RunAsUser: new(int64(10001)),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{{
				Name: "probe", Image: probeImage, Ports: []corev1.ContainerPort{p.port},
				Command: []string{"node", "--input-type=module", "-e", script, "listen", fmt.Sprint(p.port.ContainerPort), fmt.Sprint(debugPort)},
				SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true),
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
			}},
		},
	}
}

// target is what a probe tries to reach.
type target struct {
	flows.End
	environment string
	// declared is the port as the table of flows names it.
	declared string
	host     string
	port     int
	udp      bool
}

func (t target) place() string { return strings.TrimSpace(t.environment + " " + t.String()) }

func (t target) portName() string {
	if t.udp {
		return fmt.Sprintf("%d/udp", t.port)
	}
	return fmt.Sprint(t.port)
}

// podTargets are the own port of every probe, and one that is nobody's.
func podTargets(probes []probe) []target {
	var targets []target
	for _, p := range probes {
		declared := fmt.Sprint(p.port.ContainerPort)
		if p.Group == "services" {
			declared = "http"
		}
		targets = append(targets,
			target{p.End, p.environment, declared, p.address, int(p.port.ContainerPort), false},
			target{p.End, p.environment, fmt.Sprint(debugPort), p.address, debugPort, false})
	}
	return targets
}
