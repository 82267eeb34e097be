package images

import (
	"fmt"
	"os"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
)

// An account is a user of an image, with a group of the same name and number.
// The zero account is none.
type account struct {
	name  string
	id    int
	home  string
	shell string
}

// write adds the account to those of the root.
func (a account) write(w *oci.Writer, base root) error {
	if a.name == "" {
		return nil
	}
	lines := map[string]string{
		"etc/passwd": fmt.Sprintf("%s:x:%d:%d::%s:%s\n", a.name, a.id, a.id, a.home, a.shell),
		"etc/group":  fmt.Sprintf("%s:x:%d:\n", a.name, a.id),
	}
	for _, name := range []string{"etc/passwd", "etc/group"} {
		text, err := os.ReadFile(base.file(name))
		if err != nil {
			return err
		}
		if err := w.Text(name, 0o644, append(text, lines[name]...)); err != nil {
			return err
		}
	}
	return nil
}

func (a account) owner() oci.Owner { return oci.Owner{UID: a.id, GID: a.id} }
