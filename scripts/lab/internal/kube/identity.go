package kube

import (
	"bytes"
	"context"
	"crypto/x509/pkix"
	"encoding/base64"
	"net"
	"os"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
)

// identities are the certificates and kubeconfigs of the components. The
// lab's authority signs them, so a client needs to trust it alone.
type identities struct {
	CA string // file of the authority's certificate

	APIServer       pki.Pair
	KubeletServer   pki.Pair
	KubeletClient   pki.Pair // by which the API server calls the kubelet
	ServiceAccounts pki.Pair // its key signs the tokens of service accounts

	// The API server shows FrontProxy to servers behind it (metrics-server).
	// Whoever has a certificate of its authority may claim to be anybody, so
	// that authority is one of its own.
	FrontProxyCA string
	FrontProxy   pki.Pair

	// Kubeconfig files.
	Admin, Deployer, Kubelet, ControllerManager, Scheduler, Proxy string
}

func issueIdentities(ctx context.Context, h *host.Host) (*identities, error) {
	authority, err := pki.Load(ctx, h)
	if err != nil {
		return nil, err
	}
	frontProxies, err := pki.Open(ctx, h.State("pki", "front-proxy"))
	if err != nil {
		return nil, err
	}
	i := issuer{ctx: ctx, host: h, authority: authority}
	ids := &identities{
		CA: authority.File(),
		APIServer: i.server("kube-apiserver", []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"},
			network.NodeAddress, apiServiceAddress, "127.0.0.1"),
		KubeletServer:   i.server("kubelet-server", []string{nodeName}, network.NodeAddress),
		KubeletClient:   i.client("kube-apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
		ServiceAccounts: i.client("service-accounts", "service-accounts"),
		FrontProxyCA:    frontProxies.File(),

		Admin:             i.kubeconfig(Kubeconfig(h), "admin", "system:masters"),
		Deployer:          i.kubeconfig(DeployerKubeconfig(h), "lab-deployer", deployers),
		Kubelet:           i.kubeconfig(configDir(h, "kubelet.kubeconfig"), "system:node:"+nodeName, "system:nodes"),
		ControllerManager: i.kubeconfig(configDir(h, "kube-controller-manager.kubeconfig"), "system:kube-controller-manager"),
		Scheduler:         i.kubeconfig(configDir(h, "kube-scheduler.kubeconfig"), "system:kube-scheduler"),
		Proxy:             i.kubeconfig(configDir(h, "kube-proxy.kubeconfig"), "system:kube-proxy"),
	}
	if i.err != nil {
		return nil, i.err
	}
	ids.FrontProxy, err = frontProxies.IssueClient(ctx, frontProxyName, pkix.Name{CommonName: frontProxyName})
	return ids, err
}

const (
	frontProxyName = "front-proxy-client"

	// deployers is the group that k8s/platform gives the rights of a deploy.
	deployers = "team-dashboard:deployers"
)

// An issuer remembers its first error, so that a list of identities reads as one.
type issuer struct {
	ctx       context.Context
	host      *host.Host
	authority *pki.Authority
	err       error
}

func (i *issuer) server(name string, dnsNames []string, addresses ...string) pki.Pair {
	var ips []net.IP
	for _, address := range addresses {
		ips = append(ips, net.ParseIP(address))
	}
	return i.keep(i.authority.Issue(i.ctx, "kubernetes/"+name, dnsNames, ips))
}

func (i *issuer) client(name, user string, groups ...string) pki.Pair {
	return i.keep(i.authority.IssueClient(i.ctx, "kubernetes/"+name, pkix.Name{CommonName: user, Organization: groups}))
}

func (i *issuer) keep(pair pki.Pair, err error) pki.Pair {
	if i.err == nil {
		i.err = err
	}
	return pair
}

// kubeconfig issues a certificate for the user and writes the file by which
// the user reaches the API server.
func (i *issuer) kubeconfig(file, user string, groups ...string) string {
	pair := i.client(fileName(user), user, groups...)
	if i.err != nil {
		return ""
	}
	cert, err := os.ReadFile(pair.Cert)
	i.keep(pair, err)
	key, err := os.ReadFile(pair.Key)
	i.keep(pair, err)
	text, err := fill("kubeconfig.yaml", map[string]string{
		"User":   user,
		"Server": apiServer,
		"CA":     base64.StdEncoding.EncodeToString(i.authority.PEM()),
		"Cert":   base64.StdEncoding.EncodeToString(cert),
		"Key":    base64.StdEncoding.EncodeToString(key),
	})
	i.keep(pair, err)
	if i.err == nil {
		_, i.err = host.Write(file, text, 0o600)
	}
	return file
}

// fileName is a user's name without the colons.
func fileName(user string) string {
	return string(bytes.ReplaceAll([]byte(user), []byte(":"), []byte("-")))
}
