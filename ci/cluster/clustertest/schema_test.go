package clustertest

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write schema.yaml anew from client-go's")

// schema.yaml is the part of client-go's schemas that the server's kinds need: client-go keeps them to itself. After an update
// of client-go, go test -update writes it anew.
func TestSchemaIsThatOfClientGo(t *testing.T) {
	types := typesOf(t)
	wanted := map[string]bool{deduced: true, "__untyped_atomic_": true}
	for _, known := range kinds {
		if name := known.schema(); strings.HasPrefix(name, "io.k8s.") {
			require.Contains(t, types.bodies, name)
			types.reach(name, wanted)
		}
	}
	var text strings.Builder
	text.WriteString("types:\n")
	for _, name := range types.names {
		if wanted[name] {
			text.WriteString("- name: " + name + "\n" + types.bodies[name])
		}
	}
	if *update {
		require.NoError(t, os.WriteFile("schema.yaml", []byte(text.String()), 0o644))
	}
	content, err := os.ReadFile("schema.yaml")
	require.NoError(t, err)
	assert.True(t, text.String() == string(content), "schema.yaml is not client-go's: run go test -update")
}

// deduced is a type of which nothing is said: its lists are merged as a whole.
const deduced = "__untyped_deduced_"

// unused are types that no manifest here has any use for: volumes of single storage systems, and what only controllers write.
var unused = regexp.MustCompile(`namedType: .*\.v\d\.(\w*Status|\w*Statistics|Windows\w*|Workload\w*|(AWS|Azure|Ceph|Cinder|FC|Flex|Flocker|GCE|GitRepo|Glusterfs|ISCSI|Photon|Portworx|Quobyte|RBD|ScaleIO|StorageOS|Vsphere)\w*)\n`)

// clientGo are client-go's types as texts by their names.
type clientGo struct {
	names  []string
	bodies map[string]string
}

func typesOf(t *testing.T) clientGo {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/client-go").Output()
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "applyconfigurations", "internal", "internal.go"), nil, 0)
	require.NoError(t, err)
	types := clientGo{bodies: map[string]string{}}
	ast.Inspect(file, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if !ok || !strings.HasPrefix(literal.Value, "`types:\n") {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		require.NoError(t, err)
		text = unused.ReplaceAllString(text, "namedType: "+deduced+"\n")
		for _, part := range strings.Split(text, "\n- name: ")[1:] {
			name, body, _ := strings.Cut(part, "\n")
			types.names = append(types.names, name)
			types.bodies[name] = strings.TrimRight(body, "\n") + "\n"
		}
		return true
	})
	return types
}

// reach notes a type and all that it is made of.
func (c clientGo) reach(name string, reached map[string]bool) {
	if reached[name] {
		return
	}
	reached[name] = true
	for line := range strings.Lines(c.bodies[name]) {
		if inner, ok := strings.CutPrefix(strings.TrimSpace(line), "namedType: "); ok {
			c.reach(inner, reached)
		}
	}
}
