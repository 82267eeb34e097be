package render

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// checkInputs says whether all that a kustomization is made of means one thing on every machine and at any time, before
// kustomize reads it. It refuses, by file and line:
//
//   - what is remote: it may be another thing when the deploy runs than it was in the plan, and a deploy must not need it;
//   - Windows line ends (CRLF) in text that goes into a ConfigMap as it is. Git for Windows makes them by default, a
//     shell does not run such a script, and the other content gives the ConfigMap another name, so that what reads it
//     restarts. They are not taken out in silence, since a file may be meant so, and since `kubectl kustomize` shows
//     them, too. Anywhere else YAML and kustomize's env files make nothing of them, nor of a byte order mark;
//   - a link that Git for Windows checked out as a text, by the same reasoning;
//   - a key that stands twice in a YAML mapping, which kustomize refuses as well, but without naming the file.
//
// What is not text in UTF-8, which goes into a ConfigMap's binaryData, is not looked at.
func checkInputs(files filesys.FileSystem, folder string) error {
	review := inputs{files: files, seen: map[string]bool{}}
	review.kustomization(folder)
	if len(review.problems) == 0 {
		return nil
	}
	var problems []string
	for _, found := range review.problems {
		problems = append(problems, found.String())
	}
	return errors.New(strings.Join(problems, "; "))
}

type inputs struct {
	files    filesys.FileSystem
	seen     map[string]bool
	problems []problem
}

// kustomization reviews the kustomization in a folder and all that it refers to. What is not there or cannot be read is
// left to kustomize, which says so.
func (in *inputs) kustomization(folder string) {
	// Relative paths start from where the folder really is.
	if real, _, err := in.files.CleanedAbs(folder); err == nil {
		in.document(kustomizationFile(in.files, string(real)), true)
	}
}

// document reviews a YAML file. Configurations, which kustomizations are, too, hold paths; manifests and patches do not.
func (in *inputs) document(file string, configuration bool) {
	data, err := in.files.ReadFile(file)
	if err != nil || in.seen[file] {
		return
	}
	in.seen[file] = true
	in.yaml(place{file: file, configuration: configuration}, data)
}

// place is where a YAML text comes from.
type place struct {
	file string
	// above is how many lines of the file come before the text.
	above         int
	configuration bool
}

func (in *inputs) yaml(from place, data []byte) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var node yaml.Node
	for decoder.Decode(&node) == nil {
		in.node(from, "", &node)
		node = yaml.Node{}
	}
}

// node reviews what stands under a key.
func (in *inputs) node(from place, key string, node *yaml.Node) {
	switch node.Kind {
	case yaml.ScalarNode:
		if from.configuration {
			in.scalar(from, key, node)
		}
	case yaml.MappingNode:
		in.keys(from, node)
		for i := 1; i < len(node.Content); i += 2 {
			in.node(from, node.Content[i-1].Value, node.Content[i])
		}
	default:
		for _, child := range node.Content {
			in.node(from, key, child)
		}
	}
}

func (in *inputs) keys(from place, mapping *yaml.Node) {
	lines := map[string]int{}
	for i := 0; i < len(mapping.Content); i += 2 {
		key := mapping.Content[i]
		if first, twice := lines[key.Value]; twice {
			in.problem(from, key.Line, "%q is set in line %d already; keep one of the two", key.Value, from.above+first)
			continue
		}
		lines[key.Value] = key.Line
	}
}

// The fields of kustomizations, and of the configurations of their generators and transformers, that hold paths.
var (
	configurations = []string{"resources", "bases", "components", "generators", "transformers", "validators"}
	manifestFiles  = []string{"crds", "configurations", "patchesStrategicMerge", "path"}
	sources        = []string{"files", "envs", "env"}
)

// scalar reviews the path that a field of a configuration holds, and what is there.
func (in *inputs) scalar(from place, key string, node *yaml.Node) {
	isSource := slices.Contains(sources, key)
	if !isSource && !slices.Contains(configurations, key) && !slices.Contains(manifestFiles, key) {
		return
	}
	if strings.Contains(node.Value, "\n") {
		// The thing itself in place of a path to it; its text begins below its key.
		in.yaml(place{from.file, from.above + node.Line, slices.Contains(configurations, key)}, []byte(node.Value))
		return
	}
	name := node.Value
	if _, after, named := strings.Cut(name, "="); named && isSource {
		name = after
	}
	at := path.Join(path.Dir(from.file), name)
	switch {
	case remote(name) && (in.files.IsDir(at) || !in.files.Exists(at)):
		in.problem(from, node.Line, "%q is remote, and may be another thing when it is deployed; put a copy into the folder of the manifests (kustomize localize makes one)", node.Value)
	case in.files.IsDir(at):
		in.kustomization(at)
	case key == "files":
		in.text(at)
	case !isSource:
		in.document(at, key != "resources" && slices.Contains(configurations, key))
	}
}

// text reviews a file whose content becomes the value of a ConfigMap.
func (in *inputs) text(file string) {
	data, err := in.files.ReadFile(file)
	if err != nil || in.seen[file] || !utf8.Valid(data) {
		return
	}
	in.seen[file] = true
	if at := bytes.Index(data, []byte("\r\n")); at >= 0 {
		in.problem(place{file: file}, 1+bytes.Count(data[:at], []byte("\n")), "Windows line ends (CRLF); put `* text=auto eol=lf` into .gitattributes "+
			`and check it out again, or, where they are meant, write the value into a ConfigMap's manifest, with \r\n`)
	}
	if to := string(data); !strings.Contains(to, "\n") && in.files.Exists(path.Join(path.Dir(file), to)) {
		in.problem(place{file: file}, 1, "a link to %q that was checked out as text, as Git for Windows does without core.symlinks; put a copy in its place", to)
	}
}

func (in *inputs) problem(from place, line int, format string, args ...any) {
	at, text := fmt.Sprintf("%s:%d", display(from.file), from.above+line), fmt.Sprintf(format, args...)
	for i, known := range in.problems {
		if known.text == text {
			in.problems[i].places = append(known.places, at)
			return
		}
	}
	in.problems = append(in.problems, problem{text, []string{at}})
}

// problem is what is wrong, in each file:line where it is.
type problem struct {
	text   string
	places []string
}

func (p problem) String() string { return strings.Join(p.places, ", ") + ": " + p.text }

// Where kustomize fetches from: the schemes and forms that it takes for a web page or a git repository.
var remoteForm = regexp.MustCompile(`(?i)^(git::|(ssh|https?|file):|github\.com[/:]|[a-z][a-z0-9-]*@)`)

func remote(name string) bool { return remoteForm.MatchString(name) }
