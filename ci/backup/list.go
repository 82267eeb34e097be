package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Backup is one that the repository holds.
type Backup struct {
	Label string `json:"label"`
	// Type is full, diff or incr.
	Type  string    `json:"type"`
	Start time.Time `json:"start"`
	Stop  time.Time `json:"stop"`
	// Size is that of the database; Stored is what the backup itself takes in the repository. Both in bytes.
	Size   int64 `json:"size"`
	Stored int64 `json:"stored"`
	// WALStart and WALStop are the segments that make the backup consistent.
	WALStart string `json:"walStart"`
	WALStop  string `json:"walStop"`
}

// List is what an environment can be brought back to.
type List struct {
	Environment string `json:"environment"`
	// Backups are the oldest first.
	Backups []Backup `json:"backups"`
	// Damaged are those that hold pages with wrong checksums: nothing is restored from them.
	Damaged []Backup `json:"damaged,omitempty"`
	// Earliest and Latest bound the moments that a restore can go to; zero without a backup.
	Earliest time.Time `json:"earliest,omitzero"`
	Latest   time.Time `json:"latest,omitzero"`
	// Running says that the database runs, so that the latest moment is now.
	Running bool `json:"running"`
}

// List asks the repository what there is.
func (d Database) List(ctx context.Context) (List, error) {
	server, err := d.server(ctx)
	if err == nil && server == nil {
		err = fmt.Errorf("%s has no database yet: deploy to it, or bring a lost one back with dagger call restore --env %s --latest", d.Environment.Name, d.Environment.Name)
	}
	if err != nil {
		return List{}, err
	}
	return d.list(ctx)
}

func (d Database) list(ctx context.Context) (List, error) {
	list, _, err := d.ask(ctx, "backups", "listing the backups", "list")
	return list, err
}

// printed is the last line that backup.sh prints; the stanzas are those of `pgbackrest info`
// (https://pgbackrest.org/command.html#command-info), the archived files those of `pgbackrest repo-ls`.
type printed struct {
	Stanzas []struct {
		Backup []struct {
			Label   string
			Type    string
			Error   bool
			Archive struct{ Start, Stop string }
			Info    struct {
				Size       int64
				Repository struct{ Delta int64 }
			}
			Timestamp struct{ Start, Stop int64 }
		}
		Status struct {
			Code    int
			Message string
		}
		// Repo says of each repository what the stanza's status only calls "other".
		Repo []struct {
			Status struct{ Message string }
		}
	}
	Archived map[string]struct{ Time int64 }
	Running  bool
}

// What pgBackRest's status says of a repository that it could read, though it holds nothing yet.
var emptyRepository = []int{1, 2, 3} // missing stanza path, no valid backups, missing stanza data

func (d Database) parse(text string) (List, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var found printed
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &found); err != nil {
		return List{}, errors.New("the Job ended without its last line; its last words: " + lastWords(text))
	}
	list := List{Environment: d.Environment.Name, Running: found.Running, Backups: []Backup{}}
	for _, stanza := range found.Stanzas {
		if code := stanza.Status.Code; code != 0 && !slices.Contains(emptyRepository, code) {
			message := stanza.Status.Message
			if len(stanza.Repo) > 0 {
				message, _, _ = strings.Cut(stanza.Repo[0].Status.Message, "\n")
			}
			return List{}, fmt.Errorf("the repository cannot be read: %s; check where repository-config says it is, and backup-secrets", strings.TrimSuffix(message, ":"))
		}
		for _, b := range stanza.Backup {
			one := Backup{Label: b.Label, Type: b.Type,
				Start: time.Unix(b.Timestamp.Start, 0).UTC(), Stop: time.Unix(b.Timestamp.Stop, 0).UTC(),
				Size: b.Info.Size, Stored: b.Info.Repository.Delta, WALStart: b.Archive.Start, WALStop: b.Archive.Stop}
			if b.Error {
				list.Damaged = append(list.Damaged, one)
			} else {
				list.Backups = append(list.Backups, one)
			}
		}
	}
	if len(list.Backups) == 0 {
		return list, nil
	}
	list.Earliest, list.Latest = list.Backups[0].Stop, list.Backups[len(list.Backups)-1].Stop
	for _, file := range found.Archived {
		if at := time.Unix(file.Time, 0).UTC(); at.After(list.Latest) {
			list.Latest = at
		}
	}
	if list.Running {
		list.Latest = time.Now().UTC().Truncate(time.Second)
	}
	return list, nil
}

// serving are the labels of the backups from which a moment can be reached, the newest first.
func (l List) serving(target Target) []string {
	var labels []string
	for _, b := range slices.Backward(l.Backups) {
		if target.Latest || b.Stop.Before(target.Time) {
			labels = append(labels, b.Label)
		}
	}
	return labels
}

// lastWords picks the errors out of what a Job printed, or else its end.
func lastWords(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, line := range slices.Backward(lines) {
		if _, message, found := strings.Cut(line, "ERROR: "); found {
			return strings.TrimSpace(message)
		}
	}
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}
