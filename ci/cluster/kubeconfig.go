package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// flatten is the way out of every kubeconfig that leans on the machine it was written on.
const flatten = "make one that carries its credentials itself: kubectl config view --raw --flatten --minify > pipeline.kubeconfig"

// loadKubeconfig reads one context of a kubeconfig and refuses what cannot work inside a container, where neither the
// files nor the commands of the caller's machine exist.
func loadKubeconfig(content []byte, context string) (*rest.Config, error) {
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, errors.New("reading the kubeconfig: it is empty; pass one with --kubeconfig file:///path/to/kubeconfig, or set it in .env")
	}
	parsed, err := clientcmd.Load(content)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w; check that the whole file was passed and that it is YAML", err)
	}
	if len(parsed.Clusters) == 0 && len(parsed.Contexts) == 0 {
		return nil, errors.New("reading the kubeconfig: it names no cluster and no context; check that the file is a kubeconfig (kubectl config view)")
	}
	name, err := chooseContext(parsed, context)
	if err != nil {
		return nil, err
	}
	if err := checkSelfContained(parsed, name); err != nil {
		return nil, err
	}
	restConfig, err := clientcmd.NewNonInteractiveClientConfig(*parsed, name, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading context %q of the kubeconfig: %w; compare with kubectl config view --context %s", name, err, name)
	}
	restConfig.UserAgent = "team-dashboard-pipeline"
	return restConfig, nil
}

// chooseContext returns the wanted context's name, or the current one, after checking that it leads to a server.
func chooseContext(parsed *api.Config, wanted string) (string, error) {
	name := wanted
	if name == "" {
		name = parsed.CurrentContext
	}
	known := strings.Join(slices.Sorted(maps.Keys(parsed.Contexts)), ", ")
	if name == "" {
		return "", fmt.Errorf("reading the kubeconfig: no current context is set; choose one of: %s", known)
	}
	context, ok := parsed.Contexts[name]
	if !ok {
		return "", fmt.Errorf("reading the kubeconfig: context %q does not exist; choose one of: %s", name, known)
	}
	if cluster, ok := parsed.Clusters[context.Cluster]; !ok || cluster.Server == "" {
		return "", fmt.Errorf("reading the kubeconfig: cluster %q of context %q has no server; add it under clusters", context.Cluster, name)
	}
	return name, nil
}

// checkSelfContained refuses references to files and commands.
func checkSelfContained(parsed *api.Config, contextName string) error {
	context := parsed.Contexts[contextName]
	cluster := parsed.Clusters[context.Cluster]
	if cluster.CertificateAuthority != "" && len(cluster.CertificateAuthorityData) == 0 {
		return fileReference("cluster", context.Cluster, "certificate-authority", cluster.CertificateAuthority)
	}
	user, ok := parsed.AuthInfos[context.AuthInfo]
	if !ok {
		return fmt.Errorf("reading the kubeconfig: user %q of context %q does not exist; add it under users", context.AuthInfo, contextName)
	}
	switch {
	case user.ClientCertificate != "" && len(user.ClientCertificateData) == 0:
		return fileReference("user", context.AuthInfo, "client-certificate", user.ClientCertificate)
	case user.ClientKey != "" && len(user.ClientKeyData) == 0:
		return fileReference("user", context.AuthInfo, "client-key", user.ClientKey)
	case user.TokenFile != "" && user.Token == "":
		return fileReference("user", context.AuthInfo, "tokenFile", user.TokenFile)
	case user.Exec != nil:
		return fmt.Errorf("reading the kubeconfig: user %q gets its credentials from the command %q, which does not exist inside the pipeline's container; "+
			"use a kubeconfig with the token of a service account: kubectl create token NAME --duration 8h", context.AuthInfo, user.Exec.Command)
	case user.AuthProvider != nil:
		return fmt.Errorf("reading the kubeconfig: user %q uses the auth provider %q, which Kubernetes removed in 1.26; "+
			"use a kubeconfig with the token of a service account: kubectl create token NAME --duration 8h", context.AuthInfo, user.AuthProvider.Name)
	}
	return nil
}

func fileReference(section, name, field, path string) error {
	return fmt.Errorf("reading the kubeconfig: %s of %s %q is the file %q of another machine, which the pipeline's container cannot see; %s", field, section, name, path, flatten)
}
