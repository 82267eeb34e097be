package secrets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// saved is what an encrypted backup holds.
type saved struct {
	Application string                       `json:"application"`
	Environment string                       `json:"environment"`
	Created     time.Time                    `json:"created"`
	Secrets     map[string]map[string]string `json:"secrets"`
}

// Backup encrypts all Secrets of the environment's table for the given recipients (age1…), as text (an armored age
// file). Each of them can decrypt it alone. An environment that lacks a value, or is being rotated, is refused: a backup
// that cannot bring it back is none.
func (s Store) Backup(ctx context.Context, recipients []string) (string, error) {
	to, err := parseRecipients(recipients)
	if err != nil {
		return "", err
	}
	report, err := s.Verify(ctx)
	if err != nil {
		return "", err
	}
	if report.Unfinished != "" {
		return "", fmt.Errorf("backing up the secrets of %s: a rotation was killed and comes first; finish it with: dagger call %s", s.Environment.Name, report.Unfinished)
	}
	if problems := report.Problems(); len(problems) > 0 {
		var names []string
		for _, entry := range problems {
			names = append(names, fmt.Sprintf("%s of %s is %s", entry.Key, entry.Secret, entry.State))
		}
		return "", fmt.Errorf("backing up the secrets of %s: %s; create them first with: dagger call secrets create --env %s",
			s.Environment.Name, strings.Join(names, ", "), s.Environment.Name)
	}
	values, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	return seal(saved{Application: s.Application.Name, Environment: s.Environment.Name, Created: time.Now().UTC(), Secrets: values}, to)
}

// RestoreOptions says what restore may do.
type RestoreOptions struct {
	// Overwrite replaces values in the cluster that differ from the backup's.
	Overwrite bool
}

// Restore brings back the Secrets of a backup, decrypted with one of the identities (AGE-SECRET-KEY-1…). Keys that the
// table has gained since are reported as missing; keys that it has lost are left out.
func (s Store) Restore(ctx context.Context, file, identities string, options RestoreOptions) (Report, error) {
	backup, err := open(file, identities)
	if err != nil {
		return Report{}, err
	}
	if backup.Application != s.Application.Name || backup.Environment != s.Environment.Name {
		return Report{}, fmt.Errorf("restoring the secrets of %s: the file is a backup of %s of %s, made %s; give the file of %s",
			s.Environment.Name, backup.Environment, backup.Application, backup.Created.Format(time.DateTime), s.Environment.Name)
	}
	plan := planner{overwrite: options.Overwrite, fixed: true, given: backup.value, generate: nothing}
	return s.fulfil(ctx, &plan, func() { plan.refuseAll(Malformed, Placeholder) })
}

func (b saved) value(secret string, key config.Key) (string, bool) {
	value, ok := b.Secrets[secret][key.Name]
	return value, ok
}

func seal(backup saved, to []age.Recipient) (string, error) {
	var text bytes.Buffer
	armored := armor.NewWriter(&text)
	encrypted, err := age.Encrypt(armored, to...)
	if err == nil {
		err = errors.Join(json.NewEncoder(encrypted).Encode(backup), encrypted.Close(), armored.Close())
	}
	if err != nil {
		return "", fmt.Errorf("encrypting the backup: %w", err)
	}
	return text.String(), nil
}

// open decrypts a backup. The library's errors are not passed on where they could quote an identity.
func open(file, identities string) (backup saved, err error) {
	keys, err := age.ParseIdentities(strings.NewReader(identities))
	if err != nil {
		return backup, errors.New("--identity: not an age identity; give the file that age-keygen wrote, with its line AGE-SECRET-KEY-1…")
	}
	if !strings.HasPrefix(strings.TrimSpace(file), armor.Header) {
		return backup, fmt.Errorf("--from: not a backup of secrets; give the file that dagger call secrets backup wrote, which begins with %s", armor.Header)
	}
	decrypted, err := age.Decrypt(armor.NewReader(strings.NewReader(file)), keys...)
	var unmatched *age.NoIdentityMatchError
	if errors.As(err, &unmatched) {
		return backup, errors.New("--identity: the backup was encrypted for others; give the identity of one of its recipients")
	}
	var text []byte
	if err == nil {
		text, err = io.ReadAll(decrypted)
	}
	if err != nil {
		return backup, fmt.Errorf("--from: the backup is cut off or damaged (%w); fetch the file again", err)
	}
	if json.Unmarshal(text, &backup) != nil || backup.Secrets == nil {
		return backup, errors.New("--from: what was decrypted is no backup of secrets; give the file that dagger call secrets backup wrote")
	}
	return backup, nil
}
