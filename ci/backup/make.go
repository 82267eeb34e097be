package backup

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What pgBackRest prints of a backup, as it makes it: its label, and each file with wrong pages.
var (
	newLabel  = regexp.MustCompile(`new backup label = (\S+)`)
	wrongPage = regexp.MustCompile(`WARN: ((?:invalid page checksum|page misalignment).*)`)
)

// make makes a backup. It counts only if the repository holds it and finds no fault in it: a backup is what is restored from
// on the worst of days.
func (d Database) make(ctx context.Context, kind string) (Backup, error) {
	list, text, err := d.ask(ctx, "backup", "making a "+kind+" backup", kind)
	switch {
	case err != nil && wrongPage.MatchString(text):
		return Backup{}, fmt.Errorf("%w: %s; the database's storage is failing: look at its disk", err, wrongPages(text))
	case err != nil:
		return Backup{}, err
	}
	made, err := list.made(text)
	if err != nil {
		return Backup{}, fmt.Errorf("making a %s backup of %s: %w", kind, d.Environment.Name, err)
	}
	return made, nil
}

// made finds the backup that pgBackRest says to have made. The error says why there is none to rely on.
func (l List) made(text string) (Backup, error) {
	found := newLabel.FindStringSubmatch(text)
	if found == nil {
		return Backup{}, fmt.Errorf("pgBackRest names no new backup; its last words: %s", lastWords(text))
	}
	labelled := func(b Backup) bool { return b.Label == found[1] }
	if slices.ContainsFunc(l.Damaged, labelled) {
		return Backup{}, fmt.Errorf("backup %s holds pages with wrong checksums: %s; %s", found[1], wrongPages(text), l.remedy())
	}
	if at := slices.IndexFunc(l.Backups, labelled); at >= 0 {
		return l.Backups[at], nil
	}
	return Backup{}, fmt.Errorf("the repository does not hold backup %s, which was just made; check PGBACKREST_REPO1_RETENTION_FULL in ConfigMap backup-config", found[1])
}

// wrongPages quotes what pgBackRest says of the first file with wrong pages, and counts the others.
func wrongPages(text string) string {
	found := wrongPage.FindAllStringSubmatch(text, -1)
	switch len(found) {
	case 0:
		return "its log does not say which"
	case 1:
		return strings.TrimSpace(found[0][1])
	}
	return fmt.Sprintf("%s, and %d more", strings.TrimSpace(found[0][1]), len(found)-1)
}

// remedy is what to do about a database with wrong pages.
func (l List) remedy() string {
	if len(l.Backups) == 0 {
		return "the database's storage is failing, and there is no earlier backup without them: dump what can be read, and look at its disk"
	}
	return fmt.Sprintf("the database's storage is failing: look at its disk; %s is the last backup without them", l.Backups[len(l.Backups)-1].Label)
}
