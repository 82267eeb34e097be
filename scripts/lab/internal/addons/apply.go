package addons

import (
	"bytes"
	"context"
	"embed"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"text/template"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/kube"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/s3"
)

//go:embed manifests
var manifests embed.FS

var templates = template.Must(template.New("").Option("missingkey=error").ParseFS(manifests, "manifests/*.yaml"))

const (
	ingressAddress = network.NodeAddress

	// ingressNamespace is where ingress-nginx is found in other clusters, so
	// that NetworkPolicies which let it in let the lab's ingress in.
	ingressNamespace = "ingress-nginx"
)

// ingressNames are the names on the ingress's certificate, and those that
// lead to the ingress from inside the cluster.
var ingressNames = []string{"team-dashboard.app", "www.team-dashboard.app", "staging.team-dashboard.app"}

// settings fill the manifests.
type settings struct {
	DNSAddress, Provisioner          string
	IngressAddress, IngressNamespace string
	GatewayClass                     string
	IngressNames                     []string
	IngressCertificate, IngressKey   string // PEM in base64
	S3Host, S3Address                string
}

// Stamp stands for a manifest and what fills it. As an annotation of a pod, it
// makes the pod start again when its configuration changes.
func (s settings) Stamp(manifest string) (string, error) {
	text, err := manifests.ReadFile("manifests/" + manifest)
	return build.Key(string(text), fmt.Sprintf("%+v", s)), err
}

// Image is the reference of the image of a program.
func (settings) Image(program string) (string, error) {
	for _, i := range images {
		if i.program == program {
			return i.ref, nil
		}
	}
	return "", fmt.Errorf("no image of %q is built", program)
}

// applyManifests gives all manifests to the API server.
func (a *Addons) applyManifests(ctx context.Context) error {
	text, err := a.render(ctx)
	if err != nil {
		return err
	}
	return a.apply(ctx, text, "-")
}

// apply gives files, or those in folders, to the API server; "-" is stdin.
// What is as it should be is left alone.
func (a *Addons) apply(ctx context.Context, stdin []byte, files ...string) error {
	args := []string{"apply", "--server-side", "--force-conflicts", "--field-manager=team-dashboard-lab"}
	for _, file := range files {
		args = append(args, "--filename="+file)
	}
	return a.kubectl(ctx, stdin, args...)
}

func (a *Addons) kubectl(ctx context.Context, stdin []byte, args ...string) error {
	cmd := exec.CommandContext(ctx, a.host.Bin("kubectl"), append([]string{
		"--kubeconfig=" + kube.Kubeconfig(a.host),
		"--cache-dir=" + a.host.State("kubernetes", "kubectl-cache"),
	}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	_, err := host.Output(cmd)
	return err
}

func (a *Addons) render(ctx context.Context) ([]byte, error) {
	authority, err := pki.Load(ctx, a.host)
	if err != nil {
		return nil, err
	}
	pair, err := authority.Issue(ctx, "ingress", ingressNames, nil)
	if err != nil {
		return nil, err
	}
	cert, err := os.ReadFile(pair.Cert)
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(pair.Key)
	if err != nil {
		return nil, err
	}
	return fill(settings{
		DNSAddress: kube.DNSAddress, Provisioner: kube.Provisioner,
		IngressAddress: ingressAddress, IngressNamespace: ingressNamespace, IngressNames: ingressNames,
		GatewayClass:       gatewayClass,
		IngressCertificate: base64.StdEncoding.EncodeToString(cert),
		IngressKey:         base64.StdEncoding.EncodeToString(key),
		S3Host:             s3.Host, S3Address: s3.IP,
	})
}

// fill is all manifests in one stream.
func fill(s settings) ([]byte, error) {
	var text bytes.Buffer
	for _, t := range templates.Templates() {
		if t.Name() == "" {
			continue // the root, which only holds the others
		}
		text.WriteString("---\n")
		if err := t.Execute(&text, s); err != nil {
			return nil, fmt.Errorf("filling the manifest %q: %w", t.Name(), err)
		}
	}
	return text.Bytes(), nil
}
