package secrets

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// serverJobBudget is how long telling a store a password may take.
const serverJobBudget = 2 * time.Minute

// interimRole is the account that clients of PostgreSQL use while their own gets another password.
const interimRole = "secrets_rotation"

// prepare fills in what a change of a store's password takes.
func (c *change) prepare(server config.Server) error {
	c.Server = server
	switch server {
	case config.Redis:
		c.Variables = map[string]string{"SERVER": string(server), "OLD_PASSWORD": c.Old, "NEW_PASSWORD": c.New}
		return nil
	case config.Postgres:
		return c.preparePostgres()
	case config.Repository:
		c.Variables = map[string]string{newKey: c.New}
		return nil
	}
	return fmt.Errorf("no way is known to change the password of %q", server)
}

func (c *change) preparePostgres() error {
	from, errFrom := url.Parse(c.Old)
	to, errTo := url.Parse(c.New)
	if errFrom != nil || errTo != nil { // their texts would quote the URL
		return errors.New("not a URL")
	}
	oldPassword, _ := from.User.Password()
	newPassword, _ := to.User.Password()
	if oldPassword == "" || newPassword == "" {
		return errors.New("a URL without a password, in the cluster or as the new value")
	}
	if from.User.Username() != to.User.Username() || withPassword(from, "", "") != withPassword(to, "", "") {
		return errors.New("differs from the URL in the cluster in more than its password; another account, server or database is a migration")
	}
	interim := random()
	c.Interim = withPassword(from, interimRole, interim)
	c.Variables = map[string]string{
		"PGHOST": from.Hostname(), "PGPORT": cmp.Or(from.Port(), "5432"), "PGDATABASE": strings.TrimPrefix(from.Path, "/"),
		"ROLE": from.User.Username(), "INTERIM_ROLE": interimRole,
		"OLD_PASSWORD": oldPassword, "NEW_PASSWORD": newPassword, "INTERIM_PASSWORD": interim,
	}
	return nil
}

// withPassword is a URL for another account.
func withPassword(u *url.URL, user, password string) string {
	other := *u
	other.User = url.UserPassword(user, password)
	return other.String()
}

// runServerJob tells a store a password by a Job with the image that the store itself runs.
func (r *rotation) runServerJob(ctx context.Context, c change, what, password string) error {
	store, err := r.Cluster.Get(ctx, r.statefulSet(c.Server))
	if err != nil {
		return err
	}
	pod, err := podOf(store)
	if err != nil {
		return err
	}
	var printed bytes.Buffer
	succeeded, err := workload.RunJob(ctx, r.Cluster, r.serverJob(c, pod, what, password), workload.JobOptions{Budget: serverJobBudget, Output: &printed, Held: r.held})
	if err != nil {
		return err
	}
	if !succeeded {
		return fmt.Errorf("telling %s to %s the %s password: %s", c.Server, what, password, strings.TrimSpace(printed.String()))
	}
	if !slices.Contains(r.result.Servers, string(c.Server)) {
		r.result.Servers = append(r.result.Servers, string(c.Server))
	}
	return nil
}
