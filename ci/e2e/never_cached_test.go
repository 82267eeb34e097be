//go:build e2e

package e2e

import (
	"cmp"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tunnel forwards connections from this machine's loopback to the lab's API server, as a cluster on a laptop would
// listen there, and counts them.
type tunnel struct {
	net.Listener
	connections atomic.Int64
}

func openTunnel(t testing.TB) *tunnel {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	opened := &tunnel{Listener: listener}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			opened.connections.Add(1)
			go forward(connection, "10.99.0.1:6443")
		}
	}()
	return opened
}

func forward(from net.Conn, address string) {
	defer from.Close()
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	var both sync.WaitGroup
	both.Add(2)
	pipe := func(dst, src net.Conn) {
		defer both.Done()
		_, _ = io.Copy(dst, src)
		_ = dst.(*net.TCPConn).CloseWrite()
	}
	go pipe(to, from)
	go pipe(from, to)
	both.Wait()
}

// Every function that reads or changes the outside world must run each time that it is called: a cached answer
// would be a lie. Each is called twice through a tunnel that counts the connections to the API server. It shows at
// the same time that a cluster on the caller's loopback can be used.
func TestFunctionsThatTouchTheWorldRunEveryTime(t *testing.T) {
	file, _ := v1.release(t)
	administrators := map[string]string{"monitoring": admin(t)}
	for _, args := range [][]string{
		{"status", "--env", "production"},
		{"history", "--env", "production"},
		{"health-check", "--env", "production"},
		{"smoke-test", "--env", "production"},
		{"plan", "--env", "production", "--release-file", file},
		{"secrets", "verify", "--env", "production"},
		{"secrets", "create", "--env", "production", "--from", "file://" + secretsPath(t), "--generate"},
		{"monitoring", "deploy"},
		{"monitoring", "status"},
		{"deploy", "--env", "production", "--release-file", file, "--watch", "0s"},
		{"rollback", "--env", "staging"},
	} {
		t.Run(strings.Join(args[:min(2, len(args))], " "), func(t *testing.T) {
			door := openTunnel(t)
			address := "tcp://" + door.Addr().String()
			as := cmp.Or(administrators[args[0]], deployer(t))
			for _, time := range []string{"first", "second"} {
				seen := door.connections.Load()
				call(t, append([]string{"--kubeconfig", as, "--api-server", address}, args...)...)
				assert.Greater(t, door.connections.Load(), seen, "the %s call of %v did not reach the API server", time, args)
			}
		})
	}
}

// publish talks to the registry instead: its access log must grow with every call.
func TestPublishRunsEveryTimeAndUploadsNothingTwice(t *testing.T) {
	source := v1.source(t)
	first := publishCounted(t, source)
	second := publishCounted(t, source)
	assert.Positive(t, second.requests, "the second publish did not ask the registry")
	assert.Zero(t, second.uploads, "the second publish uploaded blobs")
	assert.Equal(t, first.release, second.release, "the same source gave another release")
}
