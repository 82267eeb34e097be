package kube

import (
	"context"
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

const module = "github.com/codingbutter/team-dashboard/scripts/lab/builds/kubernetes"

// buildTools returns the folder of the programs: hyperkube, which is all of
// Kubernetes, netpol and volumes.
func buildTools(ctx context.Context, h *host.Host) (string, error) {
	spec := build.Spec{
		Name:    "kubernetes",
		Version: Version,
		Dir:     "kubernetes",
		Outputs: []string{"hyperkube", "netpol", "volumes"},
		LDFlags: versionFlags(),
	}
	for _, program := range spec.Outputs {
		spec.Packages = append(spec.Packages, module+"/"+program)
	}
	tools, err := build.Tool(ctx, h, spec)
	if err != nil {
		return "", err
	}
	for _, link := range []string{hyperkube(h), h.Bin("kubectl")} {
		if err := host.Link(tools+"/hyperkube", link); err != nil {
			return "", err
		}
	}
	return tools, nil
}

// hyperkube is where Down finds the program that Up has built.
func hyperkube(h *host.Host) string { return dataDir(h, "hyperkube") }

// versionFlags tell Kubernetes its version, which its own build stamps in.
// Without it the components find each other too old or too new.
func versionFlags() string {
	number := strings.Split(Version, ".")
	var flags []string
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, stamp := range [][2]string{
			{"gitVersion", "v" + Version},
			{"gitMajor", number[0]},
			{"gitMinor", number[1]},
			{"gitTreeState", "clean"},
		} {
			flags = append(flags, fmt.Sprintf("-X %s.%s=%s", pkg, stamp[0], stamp[1]))
		}
	}
	return strings.Join(flags, " ")
}
