package secrets

import (
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
)

// parseRecipients reads the public keys that a backup is encrypted for, one an item; empty items and comments (#) are
// left out, so that the lines of a file will do. All problems are reported at once. Only those of age itself are taken:
// plugins and SSH keys would cost the pipeline's loading time.
func parseRecipients(items []string) ([]age.Recipient, error) {
	var recipients []age.Recipient
	var problems []error
	for _, item := range items {
		item = strings.TrimSpace(item)
		if item == "" || strings.HasPrefix(item, "#") {
			continue
		}
		if strings.HasPrefix(strings.ToUpper(item), "AGE-SECRET-KEY-") {
			problems = append(problems, errors.New("--recipients: a secret key was given, which belongs to no command line; give its public key, age1…, and make a new pair"))
			continue
		}
		recipient, err := age.ParseX25519Recipient(item)
		if err != nil {
			problems = append(problems, fmt.Errorf("--recipients: %q is no recipient; give public keys as age-keygen prints them, age1…", item))
			continue
		}
		recipients = append(recipients, recipient)
	}
	if len(recipients)+len(problems) == 0 {
		problems = append(problems, errors.New("--recipients: nobody named; give one public key or more, age1…, or a file of them with --recipients-file"))
	}
	return recipients, errors.Join(problems...)
}
