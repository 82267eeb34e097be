package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/image"
)

// cluster connects to the API server as the kubeconfig says.
func (m *TeamDashboard) cluster(ctx context.Context) (*cluster.Cluster, error) {
	if m.Kubeconfig == nil {
		return nil, errors.New("no kubeconfig: pass --kubeconfig file://$HOME/.kube/config, or name one in .env (see .env.example)")
	}
	text, err := m.Kubeconfig.Plaintext(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %s; check the path or variable that --kubeconfig names", err)
	}
	address, err := m.apiServerAddress(ctx)
	if err != nil {
		return nil, err
	}
	return cluster.Connect(ctx, cluster.Config{Kubeconfig: []byte(text), Context: m.Context, Address: address})
}

// apiServerAddress is where the tunnel to the caller's loopback ends in the engine; empty without one.
func (m *TeamDashboard) apiServerAddress(ctx context.Context) (string, error) {
	if m.APIServer == nil {
		return "", nil
	}
	if _, err := m.APIServer.Start(ctx); err != nil {
		return "", fmt.Errorf("opening the tunnel to --api-server: %s; check that the API server listens there", err)
	}
	return m.APIServer.Endpoint(ctx)
}

// registry is the image registry, with the caller's credentials.
func (m *TeamDashboard) registry(ctx context.Context) (*image.Registry, error) {
	host, _, _ := strings.Cut(config.TeamDashboard().Registry, "/")
	options := image.Options{Username: m.RegistryUsername, Host: host}
	var err error
	if m.RegistryPassword != nil {
		if options.Password, err = m.RegistryPassword.Plaintext(ctx); err != nil {
			return nil, fmt.Errorf("reading the registry password: %s; check the path or variable that --registry-password names", err)
		}
		options.Password = strings.TrimSpace(options.Password)
	}
	if options.CA, err = m.authorities(ctx); err != nil {
		return nil, err
	}
	return image.New(options)
}

// authorities is the PEM bundle to trust besides the public one; nil without --ca.
func (m *TeamDashboard) authorities(ctx context.Context) ([]byte, error) {
	if m.CA == nil {
		return nil, nil
	}
	pem, err := m.CA.Contents(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading --ca: %s", err)
	}
	return []byte(pem), nil
}

// addresses is --resolve as a map from host to address.
func (m *TeamDashboard) addresses() (map[string]string, error) {
	if m.Resolve == "" {
		return nil, nil
	}
	addresses, err := health.ParseResolve(strings.Split(m.Resolve, ","))
	if err != nil {
		return nil, fmt.Errorf("--resolve: %s; separate several by commas", err)
	}
	return addresses, nil
}

// authorized is a container that may pull and push the application's images.
//
// The engine keeps credentials for a session as a side effect of WithRegistryAuth, and takes its result from another
// session's cache when the arguments are the same: then the second session of two at once has no credentials, and its
// push is answered by 401. Everything after the host is ignored, so an address of its own keeps the call out of the cache.
func (m *TeamDashboard) authorized() *dagger.Container {
	container := dag.Container()
	if m.RegistryPassword == nil {
		return container
	}
	host, _, _ := strings.Cut(config.TeamDashboard().Registry, "/")
	return container.WithRegistryAuth(host+"/"+rand.Text(), m.RegistryUsername, m.RegistryPassword)
}
