package cluster

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

const (
	recordType     = "team-dashboard.app/record"
	recordKey      = "record"
	recordPrefix   = "record-"
	recordSelector = "app.kubernetes.io/component=record,app.kubernetes.io/managed-by=pipeline"
	// maxRecord bounds an unpacked record, in bytes: a guard against a Secret that somebody prepared.
	maxRecord = 64 << 20
)

// Entry is one record: the release history's memory of a deployment.
type Entry struct {
	// Revision counts up from 1 and names the entry.
	Revision int
	// Labels are put on the Secret, for kubectl's selectors.
	Labels map[string]string
	// Data is the record itself. It must hold no secret values: whoever may read Secrets is not the only reader.
	Data []byte
}

// SaveRecord writes an entry as the Secret record-<revision>, packed with gzip. An entry of the same revision is replaced.
func (c *Cluster) SaveRecord(ctx context.Context, namespace string, entry Entry) error {
	secret, err := recordSecret(namespace, entry)
	if err != nil {
		return fmt.Errorf("saving record %d in namespace %q: %w", entry.Revision, namespace, err)
	}
	_, err = c.Apply(ctx, secret, ApplyOptions{})
	return err
}

// Records returns all entries, the newest first. A namespace that does not exist has none.
func (c *Cluster) Records(ctx context.Context, namespace string) ([]Entry, error) {
	var list kinds.List[kinds.Secret]
	if err := c.listInto(ctx, "v1", "Secret", namespace, byLabels(recordSelector), &list); err != nil {
		return nil, err
	}
	var entries []Entry
	for _, secret := range list.Items {
		revision, ok := recordRevision(secret)
		if !ok {
			continue
		}
		data, err := unpack(secret.Data[recordKey])
		if err != nil {
			return nil, fmt.Errorf("reading record %d in namespace %q: %w; delete Secret %q if the record is lost for good", revision, namespace, err, secret.Name)
		}
		entries = append(entries, Entry{Revision: revision, Labels: secret.Labels, Data: data})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(b.Revision, a.Revision) })
	return entries, nil
}

// PruneRecords deletes all entries but the newest ones; keep says how many stay.
func (c *Cluster) PruneRecords(ctx context.Context, namespace string, keep int) error {
	var list kinds.List[kinds.Secret]
	if err := c.listInto(ctx, "v1", "Secret", namespace, byLabels(recordSelector), &list); err != nil {
		return err
	}
	var revisions []int
	for _, secret := range list.Items {
		if revision, ok := recordRevision(secret); ok {
			revisions = append(revisions, revision)
		}
	}
	slices.Sort(revisions)
	for _, revision := range revisions[:max(len(revisions)-keep, 0)] {
		if err := c.Delete(ctx, Ref{APIVersion: "v1", Kind: "Secret", Namespace: namespace, Name: recordName(revision)}); err != nil {
			return err
		}
	}
	return nil
}

func recordSecret(namespace string, entry Entry) (*Object, error) {
	if entry.Revision < 1 {
		return nil, errors.New("its revision must be 1 or more")
	}
	packed, err := pack(entry.Data)
	if err != nil {
		return nil, err
	}
	labels := map[string]any{
		"app.kubernetes.io/part-of":    "team-dashboard",
		"app.kubernetes.io/component":  "record",
		"app.kubernetes.io/managed-by": FieldManager,
	}
	for key, value := range entry.Labels {
		labels[key] = value
	}
	return &Object{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Secret",
		"metadata":   map[string]any{"name": recordName(entry.Revision), "namespace": namespace, "labels": labels},
		"type":       recordType,
		"data":       map[string]any{recordKey: base64.StdEncoding.EncodeToString(packed)},
	}}, nil
}

func recordName(revision int) string { return recordPrefix + strconv.Itoa(revision) }

// recordRevision reads the revision from the Secret's name, and refuses Secrets that only look like a record.
func recordRevision(secret kinds.Secret) (int, bool) {
	number, ok := strings.CutPrefix(secret.Name, recordPrefix)
	revision, err := strconv.Atoi(number)
	return revision, ok && err == nil && revision > 0 && secret.Type == recordType
}

// pack compresses a record, and refuses one that no Secret can hold.
func pack(data []byte) ([]byte, error) {
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(data); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	if packed.Len() > kinds.MaxSecretSize {
		return nil, fmt.Errorf("it has %d bytes packed, and a Secret holds at most %d; record fewer samples or smaller objects", packed.Len(), kinds.MaxSecretSize)
	}
	return packed.Bytes(), nil
}

func unpack(packed []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(reader, maxRecord+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxRecord {
		return nil, fmt.Errorf("it has more than %d bytes unpacked", maxRecord)
	}
	return data, nil
}
