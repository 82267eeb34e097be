package kube

import (
	"context"
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

const controllersModule = "github.com/codingbutter/team-dashboard/scripts/lab/builds/controllers"

// tools are the folders of the programs that the lab builds for the node.
type tools struct {
	hyperkube   string // the program itself
	controllers string // netpol and volumes
}

func buildTools(ctx context.Context, h *host.Host) (tools, error) {
	kubernetes, err := build.Tool(ctx, h, build.Spec{
		Name:     "kubernetes",
		Version:  Version,
		Dir:      "kubernetes",
		Packages: []string{"."},
		Outputs:  []string{"hyperkube"},
		LDFlags:  versionFlags(),
	})
	if err != nil {
		return tools{}, err
	}
	controllers, err := build.Tool(ctx, h, build.Spec{
		Name:     "controllers",
		Dir:      "controllers",
		Packages: []string{controllersModule + "/netpol", controllersModule + "/volumes"},
		Outputs:  []string{"netpol", "volumes"},
	})
	if err != nil {
		return tools{}, err
	}
	t := tools{hyperkube: kubernetes + "/hyperkube", controllers: controllers}
	if err := host.Link(t.hyperkube, hyperkube(h)); err != nil {
		return tools{}, err
	}
	return t, host.Link(t.hyperkube, h.Bin("kubectl"))
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
