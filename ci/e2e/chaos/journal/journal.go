// Package journal reads the records that runs of the pipeline keep in the cluster. It knows the format alone, and shares
// no code with what writes it: a witness.
package journal

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// Prefix begins the names of the Secrets, which end in the revision.
	Prefix = "record-"
	key    = "record"
)

// Record is what a run wrote of itself, as far as others can hold it against what they see.
type Record struct {
	Revision int    `json:"revision"`
	Action   string `json:"action"`
	Release  struct {
		Version string            `json:"version"`
		Images  map[string]string `json:"images"`
	} `json:"release"`
	Slot    string `json:"slot"`
	Step    string `json:"step"`
	Outcome string `json:"outcome"`
	Holder  string `json:"holder"`
}

// Running says that the run did not come to an end.
func (r Record) Running() bool { return r.Outcome == "running" }

// Revision reads the revision from a Secret's name; false when it is no record's.
func Revision(name string) (int, bool) {
	number, found := strings.CutPrefix(name, Prefix)
	revision, err := strconv.Atoi(number)
	return revision, found && err == nil && revision > 0
}

// Parse reads a record from the data of its Secret.
func Parse(data map[string][]byte) (Record, error) {
	packed, found := data[key]
	if !found {
		return Record{}, fmt.Errorf("the Secret has no key %q", key)
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return Record{}, err
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		return Record{}, err
	}
	var record Record
	if err := json.Unmarshal(text, &record); err != nil {
		return Record{}, err
	}
	if record.Step == "" {
		return Record{}, errors.New("the record names no step")
	}
	return record, nil
}
