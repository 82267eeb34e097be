package cluster_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
)

// The answers in testdata/contract are a real API server's: TestTheAPIServerKeepsTheContract (make e2e) holds the lab's to
// them, with -update it writes them. The API server that tests run against in memory has to give the same.
func TestClustertestKeepsTheContract(t *testing.T) {
	for _, c := range contracts {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := clustertest.NewServer("a-namespace")
				server.RunJob = func(*cluster.Object) clustertest.Ran { return clustertest.Ran{} }
				carrier := &http.Client{Transport: server.NewClient()}
				kept(t, c.name, play(t, &url.URL{Scheme: "https", Host: "api.example:6443"}, carrier, "a-namespace", c.requests))
			})
		})
	}
}

// contract is a row of requests in a namespace of their own, whose answers are held in testdata/contract.
type contract struct {
	name     string
	requests []exchange
}

// exchange is one request, and what was answered.
type exchange struct {
	// Request is a verb and a path; APPLY, MERGE and JSON are the kinds of PATCH. NS stands for the namespace.
	Request string `json:"request"`
	// Body is YAML. <2.metadata.uid> stands for a field of the second answer.
	Body   string `json:"-"`
	Status int    `json:"status,omitempty"`
	Answer any    `json:"answer,omitempty"`
	// only are the fields of the answer that are compared; none means all.
	only []string
	// until is a field of the answer and its text; the request is repeated until it is so. Controllers take their time.
	until [2]string
}

// kept holds answers against those in testdata/contract.
func kept(t *testing.T, name string, played []exchange) {
	t.Helper()
	content, err := os.ReadFile(goldenFile(name))
	require.NoError(t, err)
	var golden []exchange
	require.NoError(t, yaml.Unmarshal(content, &golden))
	require.Len(t, played, len(golden), "run the end-to-end test with -update")
	for i, want := range golden {
		assert.Equal(t, string(written(t, want)), string(written(t, played[i])), "%d. %s", i+1, want.Request)
	}
}

func written(t *testing.T, value any) []byte {
	t.Helper()
	text, err := yaml.Marshal(value)
	require.NoError(t, err)
	return text
}

// play sends the requests and returns them with their answers, in which whatever differs from run to run has a name.
func play(t *testing.T, server *url.URL, client *http.Client, namespace string, requests []exchange) []exchange {
	t.Helper()
	var raw []any
	names := &names{known: map[string]string{}, counts: map[string]int{}, namespace: namespace}
	played := make([]exchange, len(requests))
	for i, r := range requests {
		status, content := send(t, server, client, r.Request, resolve(t, r.Body, raw), namespace)
		for began := time.Now(); !r.settled(content) && time.Since(began) < 2*time.Minute; time.Sleep(200 * time.Millisecond) {
			status, content = send(t, server, client, r.Request, resolve(t, r.Body, raw), namespace)
		}
		var answer any = strings.TrimSpace(string(content))
		var own any
		_ = json.Unmarshal(content, &own)
		raw = append(raw, own)
		if json.Unmarshal(content, &answer) == nil {
			names.collect("", answer)
			answer = names.replace("", answer)
		}
		played[i] = exchange{Request: r.Request, Status: status, Answer: picked(answer, r.only)}
	}
	return played
}

func (e exchange) settled(content []byte) bool {
	var answer any
	return e.until[0] == "" || json.Unmarshal(content, &answer) == nil && fmt.Sprint(at(answer, e.until[0])) == e.until[1]
}

// at is a field of an answer by its path.
func at(value any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch inner := value.(type) {
		case map[string]any:
			value = inner[step]
		case []any:
			number, err := strconv.Atoi(step)
			if err != nil || number >= len(inner) {
				return nil
			}
			value = inner[number]
		default:
			return nil
		}
	}
	return value
}

var contentTypes = map[string]string{"APPLY": "application/apply-patch+yaml", "MERGE": "application/merge-patch+json", "JSON": "application/json-patch+json"}

func send(t *testing.T, server *url.URL, client *http.Client, line, body, namespace string) (status int, content []byte) {
	t.Helper()
	verb, path, _ := strings.Cut(line, " ")
	method, contentType := verb, "application/json"
	if contentTypes[verb] != "" {
		method, contentType = http.MethodPatch, contentTypes[verb]
	}
	payload, err := yaml.YAMLToJSON([]byte(strings.ReplaceAll(body, "NS", namespace)))
	require.NoError(t, err)
	if body == "" {
		payload = nil
	}
	request, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(server.String(), "/")+strings.ReplaceAll(path, "NS", namespace), bytes.NewReader(payload))
	require.NoError(t, err)
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "curl/8")
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, content
}

var reference = regexp.MustCompile(`<(\d+)\.([a-zA-Z.]+)>`)

// resolve puts fields of earlier answers into a body.
func resolve(t *testing.T, body string, answers []any) string {
	return reference.ReplaceAllStringFunc(body, func(text string) string {
		match := reference.FindStringSubmatch(text)
		number, _ := strconv.Atoi(match[1])
		value := at(answers[number-1], match[2])
		require.NotNil(t, value, "there is no %s", text)
		return fmt.Sprint(value)
	})
}

// names gives what differs from run to run a name: the same value has the same.
type names struct {
	known     map[string]string
	counts    map[string]int
	namespace string
}

func (n *names) of(kind, value string) string {
	if n.known[value] == "" {
		n.counts[kind]++
		n.known[value] = fmt.Sprintf("%s %d", kind, n.counts[kind])
	}
	return n.known[value]
}

// collect names what differs, in the order in which it is found.
func (n *names) collect(key string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, field := range slices.Sorted(maps.Keys(value)) {
			n.collect(field, value[field])
		}
	case []any:
		for _, inner := range value {
			n.collect(key, inner)
		}
	case string:
		switch key {
		case "uid":
			n.of("uid", value)
		case "resourceVersion":
			n.of("version", value)
		case "pod-template-hash":
			n.of("hash", value)
		}
	}
}

var (
	timestamp  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	comparison = regexp.MustCompile(`(ResourceVersion in (?:the precondition|record)) \((\d+)\)`)
)

func (n *names) replace(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for field, inner := range value {
			value[field] = n.replace(field, inner)
		}
		return value
	case []any:
		value = slices.DeleteFunc(value, isControllers)
		for i := range value {
			value[i] = n.replace(key, value[i])
		}
		return value
	case string:
		if timestamp.MatchString(value) && !strings.HasPrefix(value, "1970") {
			return "some time"
		}
		if strings.HasPrefix(key, "clusterIP") && value != "None" {
			return "some address"
		}
		if key == "resourceVersion" {
			return n.of("version", value)
		}
		return n.within(value)
	}
	return value
}

// isControllers recognises what controllers manage: who wrote a status is not of interest.
func isControllers(value any) bool {
	entry, _ := value.(map[string]any)
	return entry["manager"] == "kube-controller-manager"
}

// within replaces what is told in a text. Versions are too short to be looked for in any text.
func (n *names) within(text string) string {
	text = comparison.ReplaceAllStringFunc(text, func(told string) string {
		match := comparison.FindStringSubmatch(told)
		return match[1] + " (" + n.of("version", match[2]) + ")"
	})
	for value, name := range n.known {
		if !strings.HasPrefix(name, "version") {
			text = strings.ReplaceAll(text, value, name)
		}
	}
	return strings.ReplaceAll(text, n.namespace, "NS")
}

// picked are some fields of an answer.
func picked(answer any, paths []string) any {
	if len(paths) == 0 {
		return answer
	}
	some := map[string]any{}
	for _, path := range paths {
		some[path] = at(answer, path)
	}
	return some
}

func goldenFile(name string) string {
	return filepath.Join("testdata", "contract", strings.ReplaceAll(name, " ", "-")+".yaml")
}
