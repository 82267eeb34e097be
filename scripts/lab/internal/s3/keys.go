package s3

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// AccessKeyFile and SecretKeyFile hold the keys of the one user there is, who
// may do everything.
func AccessKeyFile(h *host.Host) string { return h.State(process, "access-key") }
func SecretKeyFile(h *host.Host) string { return h.State(process, "secret-key") }

// keys makes sure that there are keys, and returns what stands for them.
func (s *S3) keys() (string, error) {
	access, err := keep(AccessKeyFile(s.host), "lab-backups-"+rand.Text()[:8])
	if err != nil {
		return "", fmt.Errorf("making the object store's access key: %w", err)
	}
	secret, err := keep(SecretKeyFile(s.host), rand.Text()+rand.Text())
	if err != nil {
		return "", fmt.Errorf("making the object store's secret key: %w", err)
	}
	return build.Key(access, secret), nil
}

// keep returns what a file holds; one that does not exist gets the text.
func keep(file, text string) (string, error) {
	kept, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = host.Write(file, []byte(text), 0o600)
		return text, err
	}
	return string(kept), err
}
