// Package s3 is the lab's object store, for backups: a server of Amazon's
// protocol at Endpoint, with one bucket, whose objects are files in the lab's
// state. Clients sign by version 4, for Region, and name the bucket in the path.
package s3

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
)

const (
	// Host is the server's name inside pods, and Address where it listens, by TLS.
	Host    = "s3.team-dashboard.internal"
	Address = IP + ":" + port
	IP      = network.RegistryAddress
	port    = "9000"

	// Region is what requests are signed for.
	Region = "us-east-1"

	// Bucket is there from the first start on.
	Bucket = "team-dashboard-backups"

	process = "s3"
	version = "1.8.0" // of github.com/versity/versitygw, in builds/s3/go.mod
	endsIn  = 5 * time.Second
)

// An S3 is the part; New makes it.
type S3 struct{ host *host.Host }

func New(h *host.Host) *S3 { return &S3{host: h} }

func (*S3) Name() string { return process }

// Up builds the server, and starts it on what it held before.
func (s *S3) Up(ctx context.Context) error {
	tools, err := build.Tool(ctx, s.host, build.Spec{
		Name: process, Version: version, Dir: process, Packages: []string{"."}, Outputs: []string{process},
	})
	if err != nil {
		return err
	}
	authority, err := pki.Load(ctx, s.host)
	if err != nil {
		return err
	}
	pair, err := authority.Issue(ctx, process, []string{Host}, []net.IP{net.ParseIP(IP)})
	if err != nil {
		return err
	}
	keys, err := s.keys()
	if err != nil {
		return err
	}
	certificate, err := build.HashFile(pair.Cert)
	if err != nil {
		return err
	}
	// To the server, a folder is a bucket.
	if err := os.MkdirAll(s.data(Bucket), 0o700); err != nil {
		return err
	}
	return s.host.Start(ctx, host.Process{
		Name: process,
		Command: []string{
			tools + "/s3", "-address", Address, "-region", Region, "-data", s.data(),
			"-cert", pair.Cert, "-key", pair.Key,
			"-access-key-file", AccessKeyFile(s.host), "-secret-key-file", SecretKeyFile(s.host),
		},
		Inputs: build.Key(certificate, keys), // new ones are read at the next start only
		Ready:  s.answers,
	})
}

// Down ends the server. Its objects stay.
func (s *S3) Down(ctx context.Context) error {
	return s.host.Stop(ctx, process, endsIn)
}

// Status is the address, the bucket and the process.
func (s *S3) Status(ctx context.Context) (string, error) {
	if !s.host.Alive(process) {
		return "", part.ErrDown
	}
	if err := s.answers(ctx); err != nil {
		return "", fmt.Errorf("%w; run the lab's up", err)
	}
	return fmt.Sprintf("https://%s, in pods https://%s:%s, bucket %s, process %d", Address, Host, port, Bucket, s.host.PID(process)), nil
}

func (s *S3) data(parts ...string) string {
	return s.host.State(append([]string{process, "data"}, parts...)...)
}
