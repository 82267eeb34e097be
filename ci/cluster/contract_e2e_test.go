//go:build e2e

package cluster_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the API server answers to testdata/contract")

// The answers that clustertest gives are a real API server's.
func TestTheAPIServerKeepsTheContract(t *testing.T) {
	c := connect(t)
	server, client := c.Carrier()
	for _, contract := range contracts {
		t.Run(contract.name, func(t *testing.T) {
			played := play(t, server, client, namespace(t, c), contract.requests)
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(goldenFile(contract.name)), 0o755))
				require.NoError(t, os.WriteFile(goldenFile(contract.name), written(t, played), 0o644))
			}
			kept(t, contract.name, played)
		})
	}
}
