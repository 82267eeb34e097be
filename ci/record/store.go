package record

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
	"github.com/codingbutter/team-dashboard/ci/lock"
)

const (
	secretType = "team-dashboard.app/record"
	namePrefix = "record-"
	// recordKey holds the record, objectsKey what was rendered. Both are packed by gzip.
	recordKey  = "record"
	objectsKey = "objects"
	// Selector finds the records among an environment's Secrets.
	Selector = "app.kubernetes.io/component=record,app.kubernetes.io/managed-by=pipeline"
)

// History is what an environment remembers.
type History struct {
	// Records are the newest first.
	Records []Record
	// Damaged are the records that cannot be read. Each costs itself and nothing else.
	Damaged []Damaged
}

// Damaged is a record that cannot be read.
type Damaged struct {
	Revision int
	// Newer says that it was written by a newer pipeline, in a format that this one does not know.
	Newer bool
	Err   error
}

// Latest is the highest number that any record has, readable or not: the next run's must be higher.
func (h History) Latest() int {
	latest := 0
	for _, record := range h.Records {
		latest = max(latest, record.Revision)
	}
	for _, damaged := range h.Damaged {
		latest = max(latest, damaged.Revision)
	}
	return latest
}

// Unfinished is the record of a run that has not come to an end; nil when there is none.
func (h History) Unfinished() *Record {
	return h.find(func(r Record) bool { return r.Outcome == Running })
}

// Revision finds a record by its number; nil when there is none.
func (h History) Revision(number int) *Record {
	return h.find(func(r Record) bool { return r.Revision == number })
}

func (h History) find(matches func(Record) bool) *Record {
	if at := slices.IndexFunc(h.Records, matches); at >= 0 {
		return &h.Records[at]
	}
	return nil
}

// Read returns the records of a namespace. One that does not exist has none.
func Read(ctx context.Context, api *cluster.Cluster, namespace string) (History, error) {
	secrets, err := api.List(ctx, "v1", "Secret", namespace, Selector)
	if err != nil {
		return History{}, err
	}
	var history History
	for _, object := range secrets {
		revision, ok := revisionOf(object)
		if !ok {
			continue
		}
		record, err := parse(object)
		switch {
		case err != nil:
			history.Damaged = append(history.Damaged, Damaged{Revision: revision, Err: err})
		case record.Format > Format:
			history.Damaged = append(history.Damaged, Damaged{Revision: revision, Newer: true, Err: fmt.Errorf(
				"it was written by a newer pipeline (record format %d, this one knows %d)", record.Format, Format)})
		default:
			record.Revision = revision
			history.Records = append(history.Records, record)
		}
	}
	slices.SortFunc(history.Records, func(a, b Record) int { return cmp.Compare(b.Revision, a.Revision) })
	slices.SortFunc(history.Damaged, func(a, b Damaged) int { return cmp.Compare(b.Revision, a.Revision) })
	return history, nil
}

// revisionOf reads the number from the Secret's name, and refuses Secrets that only look like a record.
func revisionOf(secret *cluster.Object) (int, bool) {
	number, ok := strings.CutPrefix(secret.GetName(), namePrefix)
	revision, err := strconv.Atoi(number)
	return revision, ok && err == nil && revision > 0 && secret.Object["type"] == secretType
}

func parse(secret *cluster.Object) (Record, error) {
	data, err := field(secret, recordKey)
	if err != nil {
		return Record{}, err
	}
	if data, err = unpack(data); err != nil {
		return Record{}, err
	}
	var record Record
	if err := json.Unmarshal(data, &record); err != nil {
		return Record{}, err
	}
	if record.Format == 0 {
		return firstFormat(record, data)
	}
	packed, err := field(secret, objectsKey)
	record.Objects = rendered(packed)
	return record, err
}

// firstFormat reads the objects of a record that has them inside, which knew the slots only.
func firstFormat(record Record, data []byte) (Record, error) {
	var inside struct {
		Objects map[string][]*cluster.Object `json:"objects"`
	}
	if err := json.Unmarshal(data, &inside); err != nil {
		return Record{}, err
	}
	record.Objects = Rendered{unpacked: func() (Layers, error) { return Layers{Slots: inside.Objects}, nil }}
	return record, nil
}

func field(secret *cluster.Object, key string) ([]byte, error) {
	data, _ := secret.Object["data"].(map[string]any)
	text, _ := data[key].(string)
	return base64.StdEncoding.DecodeString(text)
}

// Save writes a record. That of the same number is replaced.
func Save(ctx context.Context, held *lock.Held, namespace string, labels map[string]string, record Record) error {
	record.Format = Format
	secret, err := secretOf(namespace, labels, record)
	if err == nil {
		_, err = held.Apply(ctx, secret)
	}
	if err != nil {
		return fmt.Errorf("saving record %d: %w", record.Revision, err)
	}
	return nil
}

func secretOf(namespace string, labels map[string]string, record Record) (*cluster.Object, error) {
	data, err := json.Marshal(record)
	if err != nil {
		return nil, err
	}
	packed, err := pack(data)
	if err != nil {
		return nil, err
	}
	if record.Objects.packed == nil {
		layers, err := record.Objects.Unpack()
		if err != nil {
			return nil, err
		}
		if record.Objects, err = Pack(layers); err != nil {
			return nil, err
		}
	}
	if size := len(packed) + len(record.Objects.packed); size > kinds.MaxSecretSize {
		return nil, fmt.Errorf("it has %d bytes packed, and a Secret holds at most %d; render smaller objects", size, kinds.MaxSecretSize)
	}
	secret := &cluster.Object{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": secretType,
		"data": map[string]any{
			recordKey:  base64.StdEncoding.EncodeToString(packed),
			objectsKey: base64.StdEncoding.EncodeToString(record.Objects.packed),
		},
	}}
	secret.SetName(Name(record.Revision))
	secret.SetNamespace(namespace)
	all := map[string]string{
		"app.kubernetes.io/component": "record", "app.kubernetes.io/managed-by": cluster.FieldManager,
		"team-dashboard.app/outcome": string(record.Outcome),
	}
	for key, value := range labels {
		all[key] = value
	}
	secret.SetLabels(all)
	return secret, nil
}

// Name is the name of the Secret that holds a record.
func Name(revision int) string { return namePrefix + strconv.Itoa(revision) }

// Remove deletes a record.
func Remove(ctx context.Context, held *lock.Held, namespace string, revision int) error {
	_, err := held.Delete(ctx, cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: namespace, Name: Name(revision)})
	return err
}
