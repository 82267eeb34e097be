//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// confidential are the values that may show up nowhere, and what each is.
var confidential = struct {
	sync.Mutex
	names map[string]string
}{names: map[string]string{}}

// public are keys of Secrets whose values everybody may see.
var public = map[string]string{"NEXTAUTH_URL": "it is the address of the site"}

// confide has the last test look for a value. Of a URL with a password it looks for the password, too.
func confide(name, value string) {
	confidential.Lock()
	defer confidential.Unlock()
	confidential.names[value] = name
	if parsed, err := url.Parse(value); err == nil {
		if password, ok := parsed.User.Password(); ok {
			confidential.names[password] = "the password of " + name
		}
	}
}

// told keeps what the pipeline has said or left, for the search of the last test, under a name that says where.
func told(where, text string) {
	file, err := os.CreateTemp(filepath.Join(folderOfTheRun, "told"), "")
	if err == nil {
		_, err = file.WriteString(where + "\n" + text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		panic(err) // a search of a part would say that all is well
	}
}

// pattern is one way to write a confidential value.
type pattern struct {
	name string
	text []byte
}

// window is how many bytes of a pattern find it; nothing confidential is as short.
const window = 8

// patterns are all ways in which the values could be written, by their beginnings.
func patterns(names map[string]string) map[[window]byte][]pattern {
	index := map[[window]byte][]pattern{}
	for value, name := range names {
		for _, text := range written(value) {
			if len(text) >= window {
				begin := [window]byte([]byte(text))
				index[begin] = append(index[begin], pattern{name, []byte(text)})
			}
		}
	}
	return index
}

// written are a value as it is, in JSON, in a URL, and in base64, where it may stand alone or within a longer text.
func written(value string) []string {
	quoted, _ := json.Marshal(value)
	ways := map[string]bool{value: true, strings.Trim(string(quoted), `"`): true, url.QueryEscape(value): true, url.PathEscape(value): true}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for shift := range 3 {
			text := encoding.EncodeToString(append(make([]byte, shift), value...))
			// The characters at both ends depend on what stands beside the value.
			ways[text[(shift*8+5)/6:(shift+len(value))*8/6]] = true
		}
	}
	return slices.Collect(maps.Keys(ways))
}

// leaks names each confidential value that a text holds, and the lines; never the value.
func leaks(index map[[window]byte][]pattern, text []byte) []string {
	found := map[string]bool{}
	for at := 0; at+window <= len(text); at++ {
		for _, p := range index[[window]byte(text[at:at+window])] {
			if bytes.HasPrefix(text[at:], p.text) {
				found[fmt.Sprintf("%s in line %d", p.name, bytes.Count(text[:at], []byte("\n")))] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestALeakIsFoundHoweverItIsWritten(t *testing.T) {
	const value = "p&ss/w+rd hunter2hunter2"
	index := patterns(map[string]string{value: "the secret"})
	quoted, err := json.Marshal(value)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"as it is":            "user=ada password=" + value + ".",
		"in JSON":             `{"password": ` + string(quoted) + `}`,
		"in a URL":            "https://ada:" + url.PathEscape(value) + "@db",
		"in a query":          "https://db?password=" + url.QueryEscape(value) + "&user=ada",
		"in base64":           "data: " + base64.StdEncoding.EncodeToString([]byte(value)),
		"in base64 of a line": "data: " + base64.StdEncoding.EncodeToString([]byte("xPASSWORD="+value+"\n")),
		"in base64 of a file": "data: " + base64.RawURLEncoding.EncodeToString([]byte("PASSWORD="+value+"\n")),
	} {
		assert.Equal(t, []string{"the secret in line 1"}, leaks(index, []byte("where\n"+text)), name)
	}
	assert.Empty(t, leaks(index, []byte("where\nuser=ada password=***")))
}

// searchAll looks through everything that was told, and counts it.
func searchAll(t *testing.T) (places, size int) {
	for value, name := range confidential.names {
		require.GreaterOrEqual(t, len(value), window, "%s is too short to be looked for", name)
	}
	index := patterns(confidential.names)
	files, err := os.ReadDir(filepath.Join(folderOfTheRun, "told"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(folderOfTheRun, "told", file.Name()))
		require.NoError(t, err)
		where, _, _ := strings.Cut(string(text), "\n")
		if len(leaks(index, []byte(where))) > 0 {
			where = strings.Fields(where)[0] + " and what was typed after it, in line 0"
		}
		for _, leak := range leaks(index, text) {
			t.Errorf("%s of: %s", leak, where)
		}
		size += len(text)
	}
	return len(files), size
}
