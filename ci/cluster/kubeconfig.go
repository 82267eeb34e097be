package cluster

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	api "k8s.io/client-go/tools/clientcmd/api/v1"
	"k8s.io/client-go/transport"
	"sigs.k8s.io/yaml"
)

// flatten is the way out of every kubeconfig that leans on the machine it was written on.
const flatten = "make one that carries its credentials itself: kubectl config view --raw --flatten --minify > pipeline.kubeconfig"

// connection is how to reach an API server, and as whom.
type connection struct {
	server    *url.URL
	transport transport.Config
}

// loadKubeconfig reads one context of a kubeconfig and refuses what cannot work inside a container, where neither the
// files nor the commands of the caller's machine exist. What is left of the format is little, so that client-go's
// reader of it (clientcmd, with rest), which compiles for seconds, has nothing to add to its types and its transport.
func loadKubeconfig(content []byte, context string) (*connection, error) {
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, errors.New("reading the kubeconfig: it is empty; pass one with --kubeconfig file:///path/to/kubeconfig, or set it in .env")
	}
	var parsed api.Config
	if err := yaml.Unmarshal(content, &parsed); err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w; check that the whole file was passed and that it is YAML", err)
	}
	if len(parsed.Clusters) == 0 && len(parsed.Contexts) == 0 {
		return nil, errors.New("reading the kubeconfig: it names no cluster and no context; check that the file is a kubeconfig (kubectl config view)")
	}
	chosen, err := chooseContext(parsed, context)
	if err != nil {
		return nil, err
	}
	if err := checkSelfContained(chosen); err != nil {
		return nil, err
	}
	return chosen.connection()
}

// choice is one context of a kubeconfig, with what it refers to.
type choice struct {
	cluster api.NamedCluster
	user    api.NamedAuthInfo
}

// chooseContext returns the wanted context, or the current one, after checking that it leads to a server and a user.
func chooseContext(parsed api.Config, wanted string) (choice, error) {
	name := cmp.Or(wanted, parsed.CurrentContext)
	var names []string
	for _, context := range parsed.Contexts {
		names = append(names, context.Name)
	}
	slices.Sort(names)
	known := strings.Join(names, ", ")
	if name == "" {
		return choice{}, fmt.Errorf("reading the kubeconfig: no current context is set; choose one of: %s", known)
	}
	at := slices.IndexFunc(parsed.Contexts, func(c api.NamedContext) bool { return c.Name == name })
	if at < 0 {
		return choice{}, fmt.Errorf("reading the kubeconfig: context %q does not exist; choose one of: %s", name, known)
	}
	context := parsed.Contexts[at].Context
	cluster := slices.IndexFunc(parsed.Clusters, func(c api.NamedCluster) bool { return c.Name == context.Cluster })
	if cluster < 0 || parsed.Clusters[cluster].Cluster.Server == "" {
		return choice{}, fmt.Errorf("reading the kubeconfig: cluster %q of context %q has no server; add it under clusters", context.Cluster, name)
	}
	user := slices.IndexFunc(parsed.AuthInfos, func(u api.NamedAuthInfo) bool { return u.Name == context.AuthInfo })
	if user < 0 {
		return choice{}, fmt.Errorf("reading the kubeconfig: user %q of context %q does not exist; add it under users", context.AuthInfo, name)
	}
	return choice{cluster: parsed.Clusters[cluster], user: parsed.AuthInfos[user]}, nil
}

// checkSelfContained refuses references to files and commands, and half a certificate.
func checkSelfContained(chosen choice) error {
	cluster, user, name := chosen.cluster.Cluster, chosen.user.AuthInfo, chosen.user.Name
	switch {
	case cluster.CertificateAuthority != "" && len(cluster.CertificateAuthorityData) == 0:
		return fileReference("cluster", chosen.cluster.Name, "certificate-authority", cluster.CertificateAuthority)
	case user.ClientCertificate != "" && len(user.ClientCertificateData) == 0:
		return fileReference("user", name, "client-certificate", user.ClientCertificate)
	case user.ClientKey != "" && len(user.ClientKeyData) == 0:
		return fileReference("user", name, "client-key", user.ClientKey)
	case user.TokenFile != "" && user.Token == "":
		return fileReference("user", name, "tokenFile", user.TokenFile)
	case user.Exec != nil:
		return fmt.Errorf("reading the kubeconfig: user %q gets its credentials from the command %q, which does not exist inside the pipeline's container; "+
			"use a kubeconfig with the token of a service account: kubectl create token NAME --duration 8h", name, user.Exec.Command)
	case user.AuthProvider != nil:
		return fmt.Errorf("reading the kubeconfig: user %q uses the auth provider %q, which Kubernetes removed in 1.26; "+
			"use a kubeconfig with the token of a service account: kubectl create token NAME --duration 8h", name, user.AuthProvider.Name)
	case (len(user.ClientCertificateData) == 0) != (len(user.ClientKeyData) == 0):
		return fmt.Errorf("reading the kubeconfig: user %q has only one of client-certificate-data and client-key-data; %s", name, flatten)
	}
	return nil
}

// connection is what client-go's transport wants to know.
func (c choice) connection() (*connection, error) {
	cluster, user := c.cluster.Cluster, c.user.AuthInfo
	address := cluster.Server
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	server, err := url.Parse(address)
	if err != nil || server.Host == "" {
		return nil, fmt.Errorf("reading the kubeconfig: cluster %q has the server %q, which is no URL; write https://host:port", c.cluster.Name, cluster.Server)
	}
	found := &connection{server: server, transport: transport.Config{
		UserAgent:          "team-dashboard-pipeline",
		DisableCompression: cluster.DisableCompression,
		TLS: transport.TLSConfig{
			Insecure: cluster.InsecureSkipTLSVerify, ServerName: cluster.TLSServerName,
			CAData: cluster.CertificateAuthorityData, CertData: user.ClientCertificateData, KeyData: user.ClientKeyData,
		},
		Username: user.Username, Password: user.Password, BearerToken: user.Token,
		Impersonate: transport.ImpersonationConfig{
			UserName: user.Impersonate, UID: user.ImpersonateUID, Groups: user.ImpersonateGroups, Extra: user.ImpersonateUserExtra,
		},
	}}
	if cluster.ProxyURL != "" {
		proxy, err := url.Parse(cluster.ProxyURL)
		if err != nil || proxy.Host == "" {
			return nil, fmt.Errorf("reading the kubeconfig: cluster %q has a proxy-url that is no URL; write http://host:port", c.cluster.Name)
		}
		found.transport.Proxy = http.ProxyURL(proxy)
	}
	return found, nil
}

func fileReference(section, name, field, path string) error {
	return fmt.Errorf("reading the kubeconfig: %s of %s %q is the file %q of another machine, which the pipeline's container cannot see; %s", field, section, name, path, flatten)
}
