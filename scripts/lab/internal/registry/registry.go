// Package registry is the lab's container registry: it answers as ghcr.io,
// docker.io and registry.k8s.io, lets everybody read, and takes images from
// whoever knows its password. All hosts share one set of repositories.
package registry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
)

const (
	// Address is where the registry listens, by TLS.
	Address = network.RegistryAddress + ":443"

	// User is who may push; PasswordFile tells the password.
	User = "lab"

	process = "registry"
	endsIn  = endGrace + 2*time.Second
)

// Hosts are the registries of the world that this one stands in for, by all
// the names that their clients use.
var Hosts = []string{"ghcr.io", "docker.io", "index.docker.io", "registry-1.docker.io", "registry.k8s.io"}

// A Registry is the part; New makes it.
type Registry struct{ host *host.Host }

func New(h *host.Host) *Registry { return &Registry{host: h} }

func (*Registry) Name() string { return process }

// Up starts the registry on what it held before.
func (r *Registry) Up(ctx context.Context) error {
	authority, err := pki.Load(ctx, r.host)
	if err != nil {
		return err
	}
	pair, err := authority.Issue(ctx, "registry", Hosts, []net.IP{net.ParseIP(network.RegistryAddress)})
	if err != nil {
		return err
	}
	certificate, err := build.HashFile(pair.Cert)
	if err != nil {
		return err
	}
	if _, err := password(r.host); err != nil {
		return err
	}
	lab, err := r.host.Self()
	if err != nil {
		return err
	}
	code, err := build.Code(r.host, "registry")
	if err != nil {
		return err
	}
	return r.host.Start(ctx, host.Process{
		Name: process,
		Command: []string{
			lab, "registry", "-address", Address, "-storage", r.host.State("registry", "data"),
			"-cert", pair.Cert, "-key", pair.Key, "-password-file", PasswordFile(r.host),
		},
		Inputs: build.Key(code, certificate), // a new one is read at the next start only
		Ready:  r.answers,
	})
}

// Down ends the registry. Its images stay.
func (r *Registry) Down(ctx context.Context) error {
	return r.host.Stop(ctx, process, endsIn)
}

// Status is the address and the process.
func (r *Registry) Status(ctx context.Context) (string, error) {
	if !r.host.Alive(process) {
		return "", part.ErrDown
	}
	if err := r.answers(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("https://%s for %s, process %d", Address, strings.Join(Hosts, " "), r.host.PID(process)), nil
}

// answers says whether the registry does its work: the ping is to be answered
// by a challenge.
func (r *Registry) answers(ctx context.Context) error {
	transport, err := newTransport(ctx, r.host)
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://ghcr.io/v2/", nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("asking the registry: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		return fmt.Errorf("asking the registry: it answered %s, not 401", response.Status)
	}
	return nil
}

// PasswordFile holds the password of User.
func PasswordFile(h *host.Host) string { return h.State("registry", "password") }

// password reads the registry's password, made on the first call.
func password(h *host.Host) (string, error) {
	file := PasswordFile(h)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text())
		_, err = host.Write(file, text, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("reading the registry's password: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
