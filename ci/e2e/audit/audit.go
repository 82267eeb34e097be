// Package audit reads what the API server noted of the requests of deployers: who, what, when and how it was answered.
package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Entry is a line of the audit log: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
type Entry struct {
	Stage      string
	RequestURI string
	Verb       string
	UserAgent  string
	ObjectRef  *Object
	// ResponseStatus is what the API server answered.
	ResponseStatus struct{ Code int }
	Annotations    map[string]string
	// Received is when the request came, Answered when the stage of the entry was reached.
	Received time.Time `json:"requestReceivedTimestamp"`
	Answered time.Time `json:"stageTimestamp"`
}

// Object is what a request was about.
type Object struct{ APIGroup, Resource, Subresource, Namespace, Name string }

// Writes says whether the request changed something: a dry run does not, nor does one that was refused, nor a question
// about rights, which is asked by a create.
func (e Entry) Writes() bool {
	switch e.Verb {
	case "create", "update", "patch", "delete", "deletecollection":
	default:
		return false
	}
	if e.ObjectRef != nil && (e.ObjectRef.APIGroup == "authorization.k8s.io" || e.ObjectRef.APIGroup == "authentication.k8s.io") {
		return false
	}
	return e.Stage == "ResponseComplete" && e.ObjectRef != nil && e.ResponseStatus.Code < 300 && !strings.Contains(e.RequestURI, "dryRun=")
}

// Log is the audit log from a moment on.
type Log struct {
	path string
	file *os.File
	// rest is the beginning of a line whose end was not written yet.
	rest []byte
}

// Open opens the log for what will be appended to it.
func Open(path string) (*Log, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Log{path: path, file: file}, nil
}

// Close gives the file back.
func (l *Log) Close() error { return l.file.Close() }

// Read returns what was appended since the last call. When the log has grown too long meanwhile, the API server has
// renamed that file and begun another one in its place.
func (l *Log) Read() ([]Entry, error) {
	entries, err := l.read()
	if err != nil {
		return nil, err
	}
	was, err := l.file.Stat()
	if err != nil {
		return nil, err
	}
	is, err := os.Stat(l.path)
	if errors.Is(err, os.ErrNotExist) || err == nil && os.SameFile(was, is) {
		return entries, nil
	}
	next, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	_ = l.file.Close()
	l.file, l.rest = next, nil
	more, err := l.read()
	return append(entries, more...), err
}

func (l *Log) read() ([]Entry, error) {
	appended, err := io.ReadAll(l.file)
	if err != nil {
		return nil, err
	}
	lines := bytes.SplitAfter(append(l.rest, appended...), []byte("\n"))
	l.rest = lines[len(lines)-1]
	entries := make([]Entry, len(lines)-1)
	for i := range entries {
		if err := json.Unmarshal(lines[i], &entries[i]); err != nil {
			return nil, fmt.Errorf("reading the audit log %q: %w", l.path, err)
		}
	}
	return entries, nil
}
